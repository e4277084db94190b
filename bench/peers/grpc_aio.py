"""Python's grpc.aio: `python grpc_aio.py <folder of the generated stubs>`. The control line is that of control.ts."""

import asyncio
import gc
import json
import os
import resource
import sys

import grpc

sys.path.insert(0, sys.argv[1])
from bench.v1 import bench_pb2 as pb, bench_pb2_grpc  # noqa: E402

TEXT = "a small message of usual length"


class Bench(bench_pb2_grpc.BenchServiceServicer):
    async def Echo(self, request, context):
        return pb.EchoResponse(text=request.text, number=request.number)

    async def Stream(self, request, context):
        for number in range(1, request.count + 1):
            yield pb.StreamResponse(number=number, text=TEXT)

    async def Chat(self, requests, context):
        async for request in requests:
            yield pb.ChatResponse(number=request.number, text=request.text)

    async def Idle(self, request, context):
        yield pb.IdleResponse(text=TEXT)
        await asyncio.Event().wait()

    async def List(self, request, context):
        elements = (
            pb.Element(
                id=f"element-{index:06}", name="Ada Lovelace", email="ada@example.com", age=36, active=True
            )
            for index in range(request.count)
        )
        return pb.ListResponse(elements=elements)

    async def Blob(self, request, context):
        return pb.BlobResponse(data=request.data)


def stats():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return {"cpuUs": (usage.ru_utime + usage.ru_stime) * 1e6, "rssBytes": pages * resource.getpagesize()}


async def main():
    server = grpc.aio.server()
    bench_pb2_grpc.add_BenchServiceServicer_to_server(Bench(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    answers = os.fdopen(3, "w", buffering=1)
    print(json.dumps({"port": port}), file=answers)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        if line.strip() == b"gc":
            gc.collect()
        print(json.dumps(stats()), file=answers)
    await server.stop(None)


asyncio.run(main())
