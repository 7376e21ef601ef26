#!/usr/bin/python3
"""/metrics, /health and /ready of a server that all its doors and a function are used on, read by Prometheus' own parser; and
that what is exported is documented, and what is documented or drawn is exported."""
import http.client
import json
import os
import re

import boto3
from botocore.config import Config
from cassandra_client import cluster_of
from prometheus_client.parser import text_string_to_metric_families

import server
from server import Client, Failure, Server, wait_for

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
METRICS = 29

FUNCTION = """
function handler(event)
  for _, record in ipairs(event.records) do
    if record.new and record.new.bad then error('no') end
    if record.new and record.new.slow then while true do end end
  end
end
"""


def get(host, path):
    connection = http.client.HTTPConnection(host.http, timeout=120)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def scrape(host):
    """{(sample name, labels): value}, and {family: kind}; the text must be sound."""
    status, text = get(host, "/metrics")
    assert status == 200
    families = list(text_string_to_metric_families(text))
    names = [family.name for family in families]
    assert len(names) == len(set(names)), "a family comes twice"
    samples = {}
    for family in families:
        assert family.documentation, family.name
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in samples, f"{key} comes twice"
            samples[key] = sample.value
    return samples, {family.name: family.type for family in families}


def value(samples, metric, /, **labels):
    return samples.get((metric, tuple(sorted(labels.items()))))


def check_histograms(samples, kinds):
    """Buckets rise, and the last one is the count."""
    series = {}
    for (name, labels), count in samples.items():
        base = name.removesuffix("_bucket")
        if base != name and kinds.get(base) == "histogram":
            rest = tuple(label for label in labels if label[0] != "le")
            series.setdefault((base, rest), []).append((float(dict(labels)["le"]), count))
    assert series
    for (base, rest), buckets in series.items():
        buckets.sort()
        counts = [count for _, count in buckets]
        assert counts == sorted(counts) and buckets[-1][0] == float("inf"), (base, rest, buckets)
        assert counts[-1] == samples[(base + "_count", rest)], (base, rest)


def drive_native(host, client):
    client.request(server.CREATE, {server.TABLE: "things", server.PARTITION: [["id", "text"]]})
    for i in range(20):
        client.request(server.PUT, {server.TABLE: "things", server.ITEM: {"id": str(i)}})
    client.request(server.GET, {server.TABLE: "things", server.KEY: {"id": "1"}})
    server.expect_failure(lambda: client.request(server.GET, {server.TABLE: "none", server.KEY: {"id": "1"}}), 1, "none")
    try:
        client.request(99, {})
    except Failure:
        pass
    client.request(server.DEPLOY, {server.FUNCTION: "f", server.SOURCE: {"main": FUNCTION}, server.TIMEOUT: 300})
    client.request(server.MAP, {server.MAPPING: 'odd "name"\\', server.FUNCTION: "f", server.TABLE: "things",
                                server.START: "oldest", server.RETRIES: 0})
    client.request(server.PUT, {server.TABLE: "things", server.ITEM: {"id": "bad", "bad": True}})
    client.request(server.PUT, {server.TABLE: "things", server.ITEM: {"id": "slow", "slow": True}})


def drive_dynamodb(host):
    client = boto3.client("dynamodb", endpoint_url="http://" + host.dynamodb, region_name="us-east-1",
                          aws_access_key_id="a", aws_secret_access_key="b", config=Config(retries={"total_max_attempts": 1}))
    client.put_item(TableName="things", Item={"id": {"S": "aws"}})
    client.get_item(TableName="things", Key={"id": {"S": "aws"}})
    try:
        client.get_item(TableName="nothing", Key={"id": {"S": "aws"}})
    except client.exceptions.ResourceNotFoundException:
        pass
    return client


def drive_cql(host):
    cluster = cluster_of(host.cql)
    session = cluster.connect()
    session.execute("CREATE KEYSPACE timed WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    session.execute("CREATE TABLE timed.t (k int PRIMARY KEY, v int)")
    session.execute("INSERT INTO timed.t (k, v) VALUES (1, 1)")
    session.execute("INSERT INTO timed.t (k, v) VALUES (1, 1) USING TIMESTAMP 1000")  # counted as one that is off
    statement = session.prepare("SELECT release_version FROM system.local WHERE key = ?")
    session.execute(statement, ["local"])
    try:
        session.execute("SELECT nonsense FROM system.local")
    except Exception as problem:  # pylint: disable=broad-except
        assert "nonsense" in str(problem).lower(), problem
    else:
        raise AssertionError("an unknown column was selected")
    return cluster


def check_doors(samples):
    for door, operation, result in (("native", "put", "done"), ("native", "get", "refused"), ("native", "unknown", "refused"),
                                    ("dynamodb", "PutItem", "done"), ("dynamodb", "GetItem", "refused"),
                                    ("cql", "PREPARE", "done"), ("cql", "EXECUTE", "done"), ("cql", "QUERY", "refused")):
        assert value(samples, "oxbow_requests_total", door=door, operation=operation, result=result) >= 1, (door, operation)
        assert value(samples, "oxbow_request_duration_seconds_count", door=door, operation=operation) >= 1, operation
    assert value(samples, "oxbow_requests_total", door="native", operation="put", result="done") == 22
    assert value(samples, "oxbow_request_errors_total", door="dynamodb", error="NOT_FOUND") == 1
    assert value(samples, "oxbow_request_errors_total", door="native", error="NOT_FOUND") == 1
    assert value(samples, "oxbow_request_errors_total", door="cql", error="INVALID") == 1
    for door in ("native", "cql", "dynamodb", "http"):
        assert value(samples, "oxbow_connections", door=door) >= 1, door


def check_server(samples):
    assert value(samples, "oxbow_log_records_total") >= 22
    assert value(samples, "oxbow_log_sync_duration_seconds_count") >= 1
    assert value(samples, "oxbow_log_append_bytes_sum") > 22 * 64
    assert value(samples, "oxbow_batch_writes_count") >= 1
    assert value(samples, "oxbow_store_pages_max") > value(samples, "oxbow_store_pages_used") > 0
    assert value(samples, "oxbow_disk_bytes") > value(samples, "oxbow_disk_free_bytes") > 0
    assert value(samples, "oxbow_process_resident_memory_bytes") > 1e6
    assert value(samples, "oxbow_process_open_descriptors") < value(samples, "oxbow_process_descriptors_max")
    assert value(samples, "oxbow_log_horizon_age_seconds") > 0
    assert value(samples, "oxbow_ready") == 1
    assert any(name == "oxbow_build_info" for name, _ in samples)


def check_functions(samples):
    name = 'odd "name"\\'
    assert value(samples, "oxbow_mapping_running", mapping=name) == 1
    assert value(samples, "oxbow_mapping_parked_records_total", mapping=name) == 2
    assert value(samples, "oxbow_mapping_lag_seconds", mapping=name) is not None
    assert value(samples, "oxbow_mapping_lag_max_seconds") == value(samples, "oxbow_mapping_lag_seconds", mapping=name)
    assert value(samples, "oxbow_parked_batches") == 2
    assert value(samples, "oxbow_condition", name="parked") == 1
    assert value(samples, "oxbow_function_invocations_total", outcome="script") >= 1
    assert value(samples, "oxbow_worker_spawns_total") >= 1
    ended = [n for (n, labels) in samples if n == "oxbow_function_invocations_total" and dict(labels)["outcome"] != "script"]
    assert ended, "the endless run is counted too"


def check_native(client, kinds):
    """The same families come through the native door."""
    families = {family["name"]: family for family in client.request(METRICS, {})[81]}
    for name, kind in kinds.items():
        full = name + "_total" if kind == "counter" else name
        assert families[full]["kind"] == kind, full
    put = [sample for sample in families["oxbow_request_duration_seconds"]["samples"]
           if sample["labels"] == 'door="native",operation="put"'][0]
    assert put["counts"][-1] == 22 and len(put["counts"]) == len(put["bounds"]) + 1 and put["sum"] > 0, put
    conditions = client.request(1, {})[82]
    assert [condition["name"] for condition in conditions] == ["parked"] and conditions[0]["advice"], conditions
    assert conditions[0]["stops_writes"] is False


def names_in(text):
    """Family names that a text mentions."""
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"\boxbow_[a-z0-9_]+", text)}


def check_documents(kinds):
    exported = {name + "_total" if kind == "counter" else name for name, kind in kinds.items()}
    with open(os.path.join(ROOT, "server", "OPERATIONS.md"), encoding="utf-8") as file:
        documented = names_in(file.read())
    with open(os.path.join(ROOT, "server", "package", "grafana.json"), encoding="utf-8") as file:
        dashboard = json.load(file)
    drawn = names_in(json.dumps(dashboard))
    assert exported <= documented, f"not documented: {sorted(exported - documented)}"
    # What shows only from its first use on; nothing here uses it.
    rare = {"oxbow_slow_requests_total", "oxbow_worker_kills_total", "oxbow_tls_certificate_expiry_seconds"}
    assert documented <= exported | rare, f"documented, not there: {sorted(documented - exported - rare)}"
    assert drawn <= exported | rare, f"drawn, not there: {sorted(drawn - exported - rare)}"
    with open(os.path.join(ROOT, "server", "package", "alerts.yml"), encoding="utf-8") as file:
        alerts = file.read()
    asked = names_in(alerts)
    assert asked <= exported | rare, f"asked for by alarms, not there: {sorted(asked - exported - rare)}"
    alarms = set(re.findall(r"- alert: (\w+)", alerts))
    with open(os.path.join(ROOT, "server", "OPERATIONS.md"), encoding="utf-8") as file:
        explained = set(re.findall(r"\bOxbow[A-Z]\w+", file.read()))
    assert alarms and alarms == explained, alarms ^ explained


def check_not_ready():
    """A log that may have no more segments takes no writes; the server tells why."""
    with Server("--segment-bytes", "65536", "--log-bytes-max", "65536") as host:
        status, body = get(host, "/ready")
        told = json.loads(body)
        assert status == 503 and told["ready"] is False, body
        condition = [one for one in told["conditions"] if one["name"] == "log_full"][0]
        assert condition["stops_writes"] and "--log-bytes-max" in condition["advice"], condition
        assert get(host, "/health")[0] == 200
        samples, _ = scrape(host)
        assert value(samples, "oxbow_ready") == 0 and value(samples, "oxbow_condition", name="log_full") == 1
    with Server("--segment-bytes", "65536", "--log-bytes-max", "131072") as host:  # the segment ahead is there, and takes writes
        wait_for("the warning", lambda: "log_nearly_full" in get(host, "/ready")[1])
        assert get(host, "/ready")[0] == 200


def main():
    with Server() as host:
        assert get(host, "/health") == (200, "alive\n")
        status, body = get(host, "/ready")
        assert status == 200 and json.loads(body) == {"ready": True, "conditions": []}, body
        client = Client(host.address)
        drive_native(host, client)
        amazon = drive_dynamodb(host)
        cluster = drive_cql(host)
        wait_for("two parked records",
                 lambda: value(scrape(host)[0], "oxbow_parked_batches") == 2)
        wait_for("the mapping to have nothing before it",
                 lambda: value(scrape(host)[0], "oxbow_mapping_lag_seconds", mapping='odd "name"\\') == 0)
        samples, kinds = scrape(host)
        check_histograms(samples, kinds)
        check_doors(samples)
        assert value(samples, "oxbow_cql_timestamp_skews_total") == 1
        check_server(samples)
        check_functions(samples)
        check_native(client, kinds)
        check_documents(kinds)
        amazon.close()
        cluster.shutdown()
        client.close()
    check_not_ready()


if __name__ == "__main__":
    main()
