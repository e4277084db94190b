"""The other implementation: h2's hpack. Takes one JSON document from stdin and gives one to stdout.

{"encode": [{"seed", "blocks"}]}   connections whose blocks are made here: each with the headers that were meant
{"decode": [[block, ...]]}         connections of {"hex", "limit"}: the headers of each block, or an error
"""

import json
import random
import sys

from hpack import Decoder, Encoder, NeverIndexedHeaderTuple
from hpack.exceptions import HPACKError

NAMES = ["accept", "content-type", "user-agent", "x-id", "x-request-id", "grpc-timeout", "cache-control", "te-x", "a"]
PSEUDO = [(":method", ["GET", "POST", "PUT"]), (":scheme", ["http", "https"]), (":path", ["/", "/index.html", "/a/b"]),
          (":authority", ["localhost", "example.com:443"])]


def text(rng):
    kind = rng.random()
    if kind < 0.3:
        return rng.choice(["", "1", "gzip, deflate", "application/grpc", "200"])
    if kind < 0.9:
        return "".join(rng.choice("abcXYZ0189-_/.;=") for _ in range(rng.randrange(1, 40)))
    # Any byte that a value may hold, and long enough for every length's encoding.
    return "".join(chr(rng.choice([*range(0x21, 0x7F), *range(0x80, 0x100)])) for _ in range(rng.randrange(1, 700)))


def encode(seed, count):
    rng = random.Random(seed)
    encoder = Encoder()
    blocks = []
    for _ in range(count):
        if rng.random() < 0.2:
            for _ in range(rng.randrange(1, 3)):
                # The same size again would make this encoder forget to tell of the change before it.
                sizes = {0, 40, 100, 500, 4096} - {encoder.header_table_size}
                encoder.header_table_size = rng.choice(sorted(sizes))
        headers = [(name, rng.choice(values)) for name, values in PSEUDO]
        names = rng.sample(NAMES, rng.randrange(len(NAMES) + 1))
        headers += [(name, text(rng)) for name in names]
        encoded = [
            NeverIndexedHeaderTuple(name.encode("latin1"), value.encode("latin1"))
            if rng.random() < 0.1
            else (name.encode("latin1"), value.encode("latin1"))
            for name, value in headers
        ]
        # The same headers again and again, as clients send them.
        for _ in range(rng.choice([1, 1, 3])):
            block = encoder.encode(encoded, huffman=rng.random() < 0.6)
            blocks.append({"hex": block.hex(), "headers": headers})
    return blocks


def decode(blocks):
    decoder = Decoder(max_header_list_size=2**30)
    decoded = []
    for block in blocks:
        decoder.max_allowed_table_size = block["limit"]
        try:
            headers = decoder.decode(bytes.fromhex(block["hex"]), raw=True)
            decoded.append([[part.decode("latin1") for part in header[:2]] for header in headers])
        except HPACKError as error:
            decoded.append(type(error).__name__)
            break
    return decoded


order = json.load(sys.stdin)
json.dump(
    {
        "encode": [encode(each["seed"], each["blocks"]) for each in order.get("encode", [])],
        "decode": [decode(each) for each in order.get("decode", [])],
    },
    sys.stdout,
)
