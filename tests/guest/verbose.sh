#!/bin/sh
# What is told while it works: each step, each message, and that it takes long.
# kernels: debian-6.1
# modules: vrf dummy
# timeout: 120
ip link add eth0 type dummy
cat >/tmp/conf <<'END'
auto eth0
iface eth0
    address 10.1.0.1/24
    vrf mgmt
iface mgmt
    vrf-table 10
    vrf-route 10.9.0.0/16 via 10.1.0.9 dev eth0 onlink
END
sed -i '/via/d' /tmp/conf

case_ steps_and_how_long_they_took
run /vrf-launch -v -c /tmp/conf up
equal 'exit code' "$status" 0
match 'a step' "$err" '^vrf-launch: ip link add mgmt type vrf table 10 \([0-9]+\.[0-9]{3} ms\)$'
match 'another' "$err" '^vrf-launch: ip addr add 10.1.0.1/24 dev eth0 \([0-9]+\.[0-9]{3} ms\)$'
run /vrf-launch -v -c /tmp/conf up
match 'what is so already' "$err" '^vrf-launch: already so: ip addr add 10.1.0.1/24 dev eth0 \('
refuse 'and nothing else' grep -E '^vrf-launch: (ip|sysctl) ' /tmp/err
ip addr del 10.1.0.1/24 dev eth0
run /vrf-launch -v -c /tmp/conf up
equal 'what has gone is made again, and nothing else' "$(grep -c '^vrf-launch: ip ' /tmp/err)" 1
run /vrf-launch -v mgmt -- true
match 'steps of a launch' "$err" 'found VRF mgmt.*' && match 'level' "$err" 'bound and proven, level guard'
run /vrf-launch mgmt -- true
equal 'nothing is told unless it is wished for' "$err" ''

case_ messages_of_netlink
run /vrf-launch -vv -c /tmp/conf down
match 'requests' "$err" '^vrf-launch: > [0-9]+ RTM_DELADDR REQUEST ACK inet prefix 24 dev [0-9]+, LOCAL 10.1.0.1'
match 'and answers' "$err" '^vrf-launch: < [0-9]+ ACK$'
run /vrf-launch -vv -c /tmp/conf up
match 'a VRF' "$err" 'RTM_NEWLINK REQUEST ACK EXCL CREATE, IFNAME mgmt, LINKINFO \{1 vrf, '
match 'a rule' "$err" 'RTM_NEWRULE REQUEST ACK EXCL CREATE inet6 .*PRIORITY 0, .*L3MDEV 1'
run /vrf-launch -v -v -c /tmp/conf up
match 'a refusal' "$err" '< [0-9]+ EEXIST \(already exists\)'
match 'a dump' "$err" '< [0-9]+ entries: [0-9]+, ACK'
expect 'down' /vrf-launch -c /tmp/conf down

case_ what_takes_long_is_told
cat >/tmp/slow <<'END'
auto eth0
iface eth0
    pre-up /busybox/sleep 1.5
    address 10.1.0.1/24
END
run /vrf-launch -c /tmp/slow up
equal 'exit code' "$status" 0
equal 'in a line' "$err" 'vrf-launch: waiting for /busybox/sleep 1.5'
/vrf-launch -c /tmp/slow down
seq 1 700 | sed 's/.*/auto d&\niface d&\n    link-type dummy\n    address 10.0.0.1\/32/' >/tmp/many
run /vrf-launch -c /tmp/many up
equal 'exit code' "$status" 0
match 'so is an up of many interfaces' "$err" '^vrf-launch: still at work after [0-9]+ s, now on d[0-9]+$'
equal 'in few lines' "$(($(echo "$err" | wc -l) <= 6))" 1
