"""Preproduction hosts over SSH. Settings: group_data/preprod.py for all of them, the dictionary here for one.

Host keys are strict: put each host's key, read from its console and not from the network, into the file that
``ssh_known_hosts_file`` names (group_data/preprod.py), for example with

    ssh-keyscan -t ed25519 preprod.example.org >> ~/.ssh/known_hosts    # then compare with the console's fingerprint

Replace the example below; ``preprod plan`` and ``preprod apply`` refuse an inventory without hosts.
"""

preprod = [
    # (
    #     "preprod.example.org",
    #     {
    #         "ssh_user": "root",                  # or another user and "_sudo": True
    #         "ssh_key": "~/.ssh/id_ed25519",
    #         "domain": "preprod.example.org",     # turns on ports 80 and 443 and automatic TLS
    #     },
    # ),
]
