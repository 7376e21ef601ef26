#!/usr/bin/python3
"""Prints the weather as the stations of two cities would send it: one JSON line per station and day, in the order of
the days, with numbers as numbers."""
import csv
import json
import os
import sys


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "weather.csv")
    with open(path, encoding="utf-8", newline="") as file:
        days = sorted(csv.DictReader(file), key=lambda day: (day["date"], day["location"]))
    for day in days:
        for name in ("precipitation", "temp_max", "temp_min", "wind"):
            day[name] = float(day[name])
        json.dump(day, sys.stdout, separators=(",", ":"))
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
