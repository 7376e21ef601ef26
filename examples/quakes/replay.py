#!/usr/bin/python3
"""Prints the week of earthquakes as the networks would have sent it: JSON lines in the order of their times.

Each of the 1,707 events is sent once as `automatic` at its own time. The 1,214 that a person reviewed are sent again,
as `reviewed`, at the time of their last update: 2,921 lines. The file holds final values only, so both lines of an event
carry the same magnitude and place; only status and update time differ.
"""
import json
import os
import sys


def item(feature, status, updated):
    properties = feature["properties"]
    longitude, latitude, depth = feature["geometry"]["coordinates"]
    found = {
        "id": feature["id"],
        "network": properties["net"],
        "magnitude": properties["mag"],
        "place": properties["place"],
        "event_time": properties["time"],
        "updated": updated,
        "status": status,
        "longitude": longitude,
        "latitude": latitude,
        "depth_km": depth,
    }
    return {name: value for name, value in found.items() if value is not None}


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "earthquakes.json")
    with open(path, encoding="utf-8") as file:
        features = json.load(file)["features"]
    lines = []
    for feature in features:
        properties = feature["properties"]
        lines.append((properties["time"], 0, feature["id"], item(feature, "automatic", properties["time"])))
        if properties["status"] == "reviewed":
            updated = max(properties["updated"], properties["time"])
            lines.append((updated, 1, feature["id"], item(feature, "reviewed", updated)))
    for line in sorted(lines, key=lambda entry: entry[:3]):
        json.dump(line[3], sys.stdout, ensure_ascii=False, separators=(",", ":"))
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
