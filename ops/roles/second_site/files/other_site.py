#!/usr/bin/python3
"""May Patroni start here? Not while the other site leads and this one does not follow it.

usage: quiver-other-site SECONDS AUTHORITY ADDRESS[:PORT]...

/etc/quiver/follows says that this site follows the other. /etc/quiver/other_site_leads says that the other was seen to lead once: from then on Patroni stays
off, whatever the other site does, until a playbook has removed it. A site that does not answer stops nobody.
"""
import concurrent.futures
import os
import ssl
import sys
import urllib.error
import urllib.request

FOLDER = os.environ.get("QUIVER_SITE", "/etc/quiver")
FOLLOWS, SEEN = FOLDER + "/follows", FOLDER + "/other_site_leads"


def leads(address, seconds, context):
    """Whether the host answers that it is a primary: yes, no, or nothing."""
    try:
        with urllib.request.urlopen("https://%s/primary" % (address if ":" in address else address + ":8008"), timeout=seconds, context=context) as answer:
            return answer.status == 200
    except urllib.error.HTTPError:
        return False
    except OSError:
        return None


def main(seconds, authority, addresses):
    if os.path.exists(FOLLOWS):
        return 0
    if not os.path.exists(SEEN):
        context = ssl.create_default_context(cafile=authority)
        with concurrent.futures.ThreadPoolExecutor(len(addresses) or 1) as pool:
            answers = list(pool.map(lambda address: leads(address, float(seconds), context), addresses))
        if True not in answers:
            return 0
        with open(SEEN, "w") as out:
            out.write(addresses[answers.index(True)] + "\n")
    with open(SEEN) as seen:
        print("the other site leads (%s): Patroni stays off here until playbooks/failback.yml makes this site follow it" % seen.read().strip(), file=sys.stderr)
    return 1


sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
