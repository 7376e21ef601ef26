"""DataStax's driver for Python as every test uses it: one node, and patience, for a busy machine is no fault of the server."""
import warnings

from cassandra.cluster import Cluster, Session
from cassandra.policies import RoundRobinPolicy

PATIENCE = 60  # seconds; the driver's own bounds are 2, 5 and 10
Session.default_timeout = PATIENCE


def cluster_of(address, version=4, **options):
    """A cluster whose contact point is `address`, ADDRESS:PORT. It warns of load balancing policies, which all tests leave alike."""
    host, port = address.rsplit(":", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Cluster([host], port=int(port), protocol_version=version, load_balancing_policy=RoundRobinPolicy(),
                       **{"connect_timeout": PATIENCE, "control_connection_timeout": PATIENCE, **options})
