"""Calls every method of parcels.v1.ParcelService with grpcio, as an outsider who has its contract alone, and prints what
each gave: a line of JSON with its name and the numbers.

Usage: client.py <folder of the generated stubs> <host:port> <key> '[["Weigh", "unary", [3]], ...]'
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

import grpc  # noqa: E402, the stubs' folder comes first
from parcels.v1 import parcels_pb2, parcels_pb2_grpc  # noqa: E402

ADDRESS, KEY, METHODS = sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
TIMEOUT_S = 60

with grpc.insecure_channel(ADDRESS) as channel:
    stub = parcels_pb2_grpc.ParcelServiceStub(channel)
    for name, kind, numbers in METHODS:
        requests = [getattr(parcels_pb2, f"{name}Request")(number=number) for number in numbers]
        takes_stream = kind in ("client-streaming", "bidi-streaming")
        gives_stream = kind in ("server-streaming", "bidi-streaming")
        answer = getattr(stub, name)(
            iter(requests) if takes_stream else requests[0],
            metadata=[("x-api-key", KEY)],
            timeout=TIMEOUT_S,
        )
        answers = answer if gives_stream else [answer]
        print(json.dumps([name, [each.seen for each in answers]]), flush=True)
