"""Calls WireService with grpcio, and prints what came of each scenario as a line, as scenarios.ts has them.

Usage: client.py host:port [ca.crt]
"""

import sys
import threading

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import BytesValue, UInt32Value

LARGE_BYTES = 3 << 20
MANY = 20_000
IN_TURN = 100
TIMEOUT_S = 300


def main(channel):
    def method(kind, name, answer):
        path = f"/rig.wire.v1.WireService/{name}"
        return getattr(channel, kind)(path, lambda message: message.SerializeToString(), answer.FromString)

    echo = method("unary_unary", "Echo", BytesValue)
    count = method("unary_stream", "Count", UInt32Value)
    total = method("stream_unary", "Sum", UInt32Value)
    chat = method("stream_stream", "Chat", BytesValue)
    hang = method("unary_stream", "Hang", UInt32Value)
    nothing = method("unary_unary", "Nothing", Empty)

    print("unary", echo(BytesValue(value=b"hello"), timeout=TIMEOUT_S).value.decode())
    print("server_streaming", *(each.value for each in count(UInt32Value(value=3), timeout=TIMEOUT_S)))
    print("client_streaming", total(numbers(100), timeout=TIMEOUT_S).value)
    print("bidi_streaming", chat_in_turn(chat))

    sent = b"0123456789abcdef" * (LARGE_BYTES // 16)
    large = echo(BytesValue(value=sent), timeout=TIMEOUT_S).value
    print("large", len(large), str(large == sent).lower())

    received = [each.value for each in count(UInt32Value(value=MANY), timeout=TIMEOUT_S)]
    assert received == list(range(1, MANY + 1))
    print("many_out", len(received))
    print("many_in", total(numbers(MANY), timeout=TIMEOUT_S).value)

    answers = [each.value for each in chat(map(message, range(MANY)), timeout=TIMEOUT_S)]
    assert answers == [message(n).value for n in range(MANY)]
    print("many_both", len(answers))

    call = hang(Empty(), timeout=TIMEOUT_S)
    first = next(call).value
    call.cancel()
    assert call.code() == grpc.StatusCode.CANCELLED
    print("cancel", first)

    print("deadline", code_of(lambda: list(hang(Empty(), timeout=0.3))))
    print("unknown", code_of(lambda: nothing(Empty(), timeout=TIMEOUT_S)))


def numbers(to):
    return (UInt32Value(value=n) for n in range(1, to + 1))


def message(n):
    return BytesValue(value=f"message {n}".encode())


def chat_in_turn(chat):
    """Awaits each answer before it sends the next message, and gives how many came."""
    answered = threading.Semaphore(1)

    def requests():
        for n in range(IN_TURN):
            answered.acquire()
            yield message(n)

    rounds = 0
    for answer in chat(requests(), timeout=TIMEOUT_S):
        assert answer.value == message(rounds).value
        rounds += 1
        answered.release()
    return rounds


def code_of(call):
    try:
        call()
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


if __name__ == "__main__":
    if len(sys.argv) > 2:
        with open(sys.argv[2], "rb") as file:
            credentials = grpc.ssl_channel_credentials(file.read())
        opened = grpc.secure_channel(sys.argv[1], credentials)
    else:
        opened = grpc.insecure_channel(sys.argv[1])
    with opened as channel:
        main(channel)
