#!/usr/bin/env python3
"""A store that speaks S3, by TLS, for tests: moto's, behind a TLS front that says goodbye (moto's own does not, and pgBackRest minds).

usage: s3.py ADDRESS PORT CERTIFICATE KEY BUCKET    prints "ready", then serves until it is ended; on SIGUSR1 it writes what the bucket has to standard output
"""
import asyncio
import re
import signal
import ssl
import sys
import urllib.parse
import urllib.request

from moto.server import ThreadedMotoServer

address, port, certificate, key, bucket = sys.argv[1:]
store = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
store.start()
behind = store.get_host_and_port()
urllib.request.urlopen(urllib.request.Request("http://%s:%s/%s" % (*behind, bucket), method="PUT"))


async def copy(source, target):
    try:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        target.close()


async def serve(reader, writer):
    there, back = await asyncio.open_connection(*behind)
    await asyncio.gather(copy(reader, back), copy(there, writer))


def ask(path):
    # moto wants somebody to ask, and believes who he is.
    who = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/here/s3/aws4_request, SignedHeaders=host, Signature=0"}
    with urllib.request.urlopen(urllib.request.Request("http://%s:%s/%s%s" % (*behind, bucket, path), headers=who)) as answer:
        return answer.read()


def show():
    for name in re.findall(rb"<Key>([^<]*)</Key>", ask("?list-type=2&max-keys=1000")):
        text = ask("/" + urllib.parse.quote(name.decode()))
        sys.stdout.buffer.write(b"%s %d\n%s\n" % (name, len(text), text))
    sys.stdout.flush()


async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    async with await asyncio.start_server(serve, address, int(port), ssl=context):
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, show)
        print("ready", flush=True)
        await asyncio.Event().wait()


asyncio.run(main())
