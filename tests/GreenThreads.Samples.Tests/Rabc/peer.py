# The other side of the Rabc tests, with nothing of ours. Usage: peer.py TASK SOCKET
import socket
import struct
import sys
import time

PING, PONG, ECHO, ECHO_REPLY, ERROR = range(1, 6)


def message(kind, content=b""):
    return struct.pack(">IB", 1 + len(content), kind) + content


def exactly(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            raise EOFError(f"end after {len(data)} of {count} bytes")
        data += part
    return data


def read(sock):
    (length,) = struct.unpack(">I", exactly(sock, 4))
    body = exactly(sock, length)
    return body[0], body[1:]


def connect():
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(60)
    sock.connect(name())
    return sock


def name():
    return "\0" + sys.argv[2][1:] if sys.argv[2].startswith("@") else sys.argv[2]


def check(actual, expected):
    if actual != expected:
        raise AssertionError(f"{actual!r} instead of {expected!r}")


def ends(sock):
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def client():
    sock = connect()
    sock.sendall(message(PING, b"12345678"))
    check(read(sock), (PONG, b"12345678"))
    # Two in one piece, and one in many.
    sock.sendall(message(ECHO, b"a") + message(ECHO))
    check(read(sock), (ECHO_REPLY, b"a"))
    check(read(sock), (ECHO_REPLY, b""))
    for byte in message(ECHO, b"slow"):
        sock.sendall(bytes([byte]))
    check(read(sock), (ECHO_REPLY, b"slow"))
    large = bytes(range(256)) * 100
    sock.sendall(message(ECHO, large))
    check(read(sock), (ECHO_REPLY, large))


def too_long():
    for announced in (1001, 0xFFFFFFFF):
        sock = connect()
        sock.sendall(struct.pack(">I", announced) + b"x")
        kind, text = read(sock)
        check(kind, ERROR)
        check(str(announced) in text.decode(), True)
        check(ends(sock), True)


def nonsense():
    for bad in (message(99), struct.pack(">I", 0)):
        sock = connect()
        sock.sendall(bad)
        check(read(sock)[0], ERROR)
        check(ends(sock), True)


def loris():
    sock = connect()
    try:
        for byte in message(ECHO, b"x" * 50000):
            sock.sendall(bytes([byte]))
            time.sleep(0.01)
    except (BrokenPipeError, ConnectionResetError):
        return
    raise AssertionError("the server took everything")


def serve(answer):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(name())
    listener.listen()
    print("ready", flush=True)
    sock, _ = listener.accept()
    try:
        while True:
            kind, content = read(sock)
            if answer:
                # In pieces, and two in one.
                reply = message(kind + 1, content)
                sock.sendall(reply[:2])
                sock.sendall(reply[2:])
    except (EOFError, ConnectionResetError):
        pass


def shout():
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(name())
    listener.listen()
    print("ready", flush=True)
    sock, _ = listener.accept()
    sock.sendall(struct.pack(">I", 0xFFFFFFFF))
    ends(sock)


TASKS = {
    "client": client,
    "too-long": too_long,
    "nonsense": nonsense,
    "loris": loris,
    "serve": lambda: serve(True),
    "silent": lambda: serve(False),
    "shout": shout,
}
TASKS[sys.argv[1]]()
print("well", flush=True)
