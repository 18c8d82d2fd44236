"""One message with Eclipse Paho: HOST PORT DEVICE TOKEN CA-FILE TEXT."""

import ssl
import sys

from paho.mqtt import client, publish

host, port, device, token, ca_file, text = sys.argv[1:]

publish.single(
    "devices/{}/messages/events/".format(device),
    payload=text,
    qos=1,
    hostname=host,
    port=int(port),
    client_id=device,
    auth={"username": "{}/{}".format(host, device), "password": token},
    tls={"ca_certs": ca_file, "tls_version": ssl.PROTOCOL_TLSv1_2},
    protocol=client.MQTTv311,
)
