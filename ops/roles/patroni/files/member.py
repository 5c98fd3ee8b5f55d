"""Patroni of this host: what its configuration says, what it answers, and what it is asked for. Beside the programs that use it."""
import base64
import json
import ssl
import urllib.error
import urllib.request

import yaml

# What Patroni calls the member that leads, from version to version.
PRIMARY = ("master", "primary")
LEADING = PRIMARY + ("leader", "standby_leader")
RUNNING = ("running", "streaming")


class Member:
    def __init__(self, path):
        with open(path) as file:
            config = yaml.safe_load(file)
        self.name, self.rest, self.server = config["name"], config["restapi"], config["postgresql"]

    def ask(self, path, body=None, timeout=10):
        """Patroni's answer, its status code and its text. OSError when there is none."""
        context = ssl.create_default_context(cafile=self.rest["cafile"])
        context.load_cert_chain(self.rest["certfile"], self.rest["keyfile"])
        request = urllib.request.Request("https://%s%s" % (self.rest["connect_address"], path))
        if body is not None:
            login = "%(username)s:%(password)s" % self.rest["authentication"]
            request.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=timeout, context=context) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def told(self, path):
        """What Patroni says there, whatever its status code; ValueError when that is no JSON."""
        return json.loads(self.ask(path)[1])
