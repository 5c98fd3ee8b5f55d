"""A server by TLS on a port of its own, as each host's Patroni is one, for the tests here that are Python."""
import http.server
import ssl
import subprocess
import threading


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass


def certificate(folder, name):
    """NAME.crt, which is its own authority and of 127.0.0.1, and NAME.key."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + name, "-addext",
                    "subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout", "%s/%s.key" % (folder, name), "-out", "%s/%s.crt" % (folder, name)],
                   check=True, capture_output=True)


def serve(folder, name, handler):
    """The server, at work."""
    server = Quiet(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("%s/%s.crt" % (folder, name), "%s/%s.key" % (folder, name))
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
