"""Makes calls of all four RPC kinds with grpcio, and prints what came of each as a line of JSON.

Usage: client.py <folder of the generated stubs> <host:port> <key>
"""

import json
import sys
import threading

sys.path.insert(0, sys.argv[1])

import grpc  # noqa: E402, the stubs' folder comes first
from rig.chat.v1 import chat_pb2, chat_pb2_grpc  # noqa: E402
from rig.events.v1 import events_pb2, events_pb2_grpc  # noqa: E402
from rig.logs.v1 import logs_pb2, logs_pb2_grpc  # noqa: E402
from rig.users.v1 import users_pb2, users_pb2_grpc  # noqa: E402

USER_ID = "00000000-0000-4000-8000-000000000001"
ADDRESS, KEY = sys.argv[2], sys.argv[3]
TIMEOUT_S = 20


def credentials(name, key):
    """The metadata of a call: its name as the request id, and the key where there is one."""
    pairs = [("x-request-id", name)]
    return pairs + [("x-api-key", key)] if key else pairs


def report(name, call):
    """Prints the name of a call and what it gives, or the code of its error."""
    try:
        outcome = call()
    except grpc.RpcError as error:
        outcome = error.code().name
    print(json.dumps([name, outcome]), flush=True)


def main(channel):
    users = users_pb2_grpc.UserServiceStub(channel)
    events = events_pb2_grpc.EventServiceStub(channel)
    logs = logs_pb2_grpc.LogServiceStub(channel)
    chat = chat_pb2_grpc.ChatServiceStub(channel)

    def unary(metadata, user_id=USER_ID):
        request = users_pb2.GetUserRequest(id=user_id)
        return users.GetUser(request, metadata=metadata, timeout=TIMEOUT_S).user.email

    def server_stream(metadata):
        request = users_pb2.StreamUsersRequest(limit=5)
        return [each.user.id for each in users.StreamUsers(request, metadata=metadata, timeout=TIMEOUT_S)]

    def client_stream(metadata):
        requests = (
            logs_pb2.UploadLogsRequest(entries=[logs_pb2.LogEntry(message=f"line {n}")]) for n in range(100)
        )
        return logs.UploadLogs(requests, metadata=metadata, timeout=TIMEOUT_S).logs_received

    def bidi_stream(metadata):
        # Each answer is awaited before the next request is sent: both halves of the stream are open at once.
        answered = threading.Semaphore(0)

        def requests():
            yield chat_pb2.ChatRequest(room="python")
            for text in ("a", "b"):
                answered.acquire()
                yield chat_pb2.ChatRequest(text=text)

        texts = []
        for answer in chat.Chat(requests(), metadata=metadata, timeout=TIMEOUT_S):
            texts.append(answer.text)
            answered.release()
        return texts

    def cancelled(metadata):
        events.PublishEvent(
            events_pb2.PublishEventRequest(type="a"), metadata=credentials("publish", KEY), timeout=TIMEOUT_S
        )
        stream = events.StreamEvents(
            events_pb2.StreamEventsRequest(after_id=0), metadata=metadata, timeout=TIMEOUT_S
        )
        next(stream)
        stream.cancel()
        return list(stream)

    def expired(metadata):
        return list(events.StreamEvents(events_pb2.StreamEventsRequest(), metadata=metadata, timeout=0.3))

    def told(metadata):
        request = users_pb2.UpdateUserRequest(id=USER_ID, update_mask={"paths": ["é: 100%, 中?"]})
        try:
            return users.UpdateUser(request, metadata=metadata, timeout=TIMEOUT_S).user.email
        except grpc.RpcError as error:
            return error.details()

    kinds = {
        "unary": unary,
        "server_stream": server_stream,
        "client_stream": client_stream,
        "bidi_stream": bidi_stream,
    }
    for name, kind in kinds.items():
        report(name, lambda: kind(credentials(name, KEY)))
        report(f"{name} without a key", lambda: kind(credentials(f"{name}-without-key", "")))
        wrong = credentials(f"{name}-wrong-key", KEY[:-1] + ("B" if KEY.endswith("A") else "A"))
        report(f"{name} with a wrong key", lambda: kind(wrong))
    report("invalid", lambda: unary(credentials("invalid", KEY), "x"))
    report("told", lambda: told(credentials("told", KEY)))
    report("cancelled", lambda: cancelled(credentials("cancelled", KEY)))
    report("expired", lambda: expired(credentials("expired", KEY)))


if __name__ == "__main__":
    with grpc.insecure_channel(ADDRESS) as opened:
        main(opened)
