#!/bin/sh
# Makes a device's user at a RabbitMQ with users of your own: add-device.sh ADDRESS PASSWORD. See docs/brokers.md.
set -eu
queue="mqtt-subscription-$1qos[01]"
topics="^tillkeeper\\.v1\\.$1\\."
rabbitmqctl --quiet add_user "$1" "$2"
rabbitmqctl --quiet set_permissions "$1" "^$queue\$" "^($queue|amq\\.topic)\$" "^($queue|amq\\.topic)\$"
rabbitmqctl --quiet set_topic_permissions "$1" amq.topic "$topics" "$topics"
