#!/bin/sh
# `up` and `down` of some of what the file describes, and several VRFs on one machine.
# kernels: once
# modules: vrf dummy
# timeout: 120
cat >/tmp/conf <<'EOF'
auto eth0
iface eth0
    address 10.20.30.40/24
    address fd20::40/64
    vrf red

auto eth1
iface eth1
    address 10.20.40.40/24
    vrf-member blue

auto eth2
iface eth2
    address 192.0.2.40/24
    gateway 192.0.2.1

auto red
iface red
    vrf-table 10

auto blue
iface blue
    vrf-table 20
EOF

for name in eth0 eth1 eth2; do
    ip link add $name type dummy
done
ip link add probe type vrf table 99
ip link del probe
sleep 1
state >/tmp/before

up() { expect "up $*" /vrf-launch -c /tmp/conf up "$@"; }
down() { expect "down $*" /vrf-launch -c /tmp/conf down "$@"; }
present() { [ -e "/sys/class/net/$1" ]; }
master() { basename "$(readlink "/sys/class/net/$1/master")"; }
rules() { ip "$1" -j rule | jq -r 'map(.priority) | join(" ")'; }

case_ up_of_an_interface_touches_no_other
up eth2
expect 'it has its address' sh -c 'ip addr show dev eth2 | grep -q 192.0.2.40/24'
refuse 'no VRF red' present red
refuse 'no VRF blue' present blue
refuse 'eth0 is left alone' sh -c 'ip addr show dev eth0 | grep -q "10.20.30.40\|,UP"'
down eth2
same_state 'down of it' /tmp/before

case_ up_of_a_member_makes_its_vrf
up eth0
equal 'the master' "$(master eth0)" red
refuse 'the other VRF is not made' present blue
expect 'IPv4 address' sh -c 'ip addr show dev eth0 | grep -q 10.20.30.40/24'
expect 'IPv6 address' sh -c 'ip addr show dev eth0 | grep -q fd20::40/64'
expect 'its IPv4 network is in the table of the VRF' sh -c 'ip route show table 10 | grep -q "10.20.30.0/24 dev eth0"'
expect 'its IPv6 network is in the table of the VRF' sh -c 'ip -6 route show table 10 | grep -q "fd20::/64 dev eth0"'
equal 'rules of IPv4' "$(rules -4)" '0 0 0 1000 32766 32767'
equal 'rules of IPv6' "$(rules -6)" '0 0 0 1000 32766'

case_ two_vrfs_and_down_of_one_keeps_the_rules_for_the_other
up
equal 'master of eth0' "$(master eth0)" red
equal 'master of eth1' "$(master eth1)" blue
down red
refuse 'red is gone' present red
expect 'blue is there' present blue
equal 'master of eth1' "$(master eth1)" blue
equal 'rules of IPv4' "$(rules -4)" '0 0 0 1000 32766 32767'
equal 'rules of IPv6' "$(rules -6)" '0 0 0 1000 32766'
expect 'eth2 is left alone' sh -c 'ip route show default | grep -q 192.0.2.1'

case_ down_of_the_last_takes_the_rules_too
down blue
equal 'rules of IPv4' "$(rules -4)" '0 1000 32766 32767'
equal 'rules of IPv6' "$(rules -6)" '0 1000 32766'
down
same_state 'down of the rest' /tmp/before

case_ up_after_down_of_one_brings_it_back
up
sleep 1
state >/tmp/all
down red
up
same_state 'as if it had never been away' /tmp/all
down
same_state 'down of all' /tmp/before

case_ another_name_of_an_interface_will_do
ip link property add dev eth0 altname card
sed 's/eth0/card/' /tmp/conf >/tmp/conf-other
state >/tmp/before-other
expect 'up' /vrf-launch -c /tmp/conf-other up card
equal 'the master' "$(master eth0)" red
expect 'its address' sh -c 'ip addr show dev eth0 | grep -q 10.20.30.40/24'
equal 'nothing is left to do' "$(/vrf-launch -c /tmp/conf-other plan --diff card)" ''
expect 'down' /vrf-launch -c /tmp/conf-other down card red
same_state 'down restores' /tmp/before-other
ip link property del dev eth0 altname card

case_ unknown_name_is_an_error
run /vrf-launch -c /tmp/conf up eth9
equal 'exit code' "$status" 100
match 'it is named' "$err" '^vrf-launch: .*eth9'
same_state 'nothing changed' /tmp/before
