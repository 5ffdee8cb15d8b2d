#!/bin/sh
# What `up` waits for: interfaces, carriers, the end of duplicate address detection.
# modules: vrf
# timeout: 120
far far eth0 fd20::1/64 fd20::99/64
ip link set eth0 up
sysctl -qw net.ipv6.conf.eth0.accept_dad=1 net.ipv6.conf.eth0.dad_transmits=1
# conf ADDRESS INTERFACE
conf() {
    printf 'auto mgmt\niface mgmt\n    vrf-table 10\nauto %s\niface %s\n    address %s\n    vrf mgmt\n' "$2" "$2" "$1" >/tmp/conf
}
down() {
    expect 'down' /vrf-launch -c /tmp/conf down
    ip link set eth0 up
}

case_ duplicate_address_detection_has_ended_when_up_has
conf fd20::40/64 eth0
run /vrf-launch -c /tmp/conf up
equal 'up succeeds, and says nothing of what is usual' "$status$out$err" 0
equal 'no address is tentative' "$(ip -6 addr show dev eth0 tentative)" ''
background /vrf-launch mgmt -- /usr/bin/socat -u 'TCP6-LISTEN:7000,bind=[fd20::40]' -
sleep 0.5
expect 'a server starts at once' kill -0 "$pid"
down

case_ it_need_not_be_waited_for
run /vrf-launch -c /tmp/conf up --wait 0
equal 'up succeeds' "$status$out$err" 0
match 'the address is tentative' "$(ip -6 addr show dev eth0 tentative)" 'fd20::40'
down

case_ what_is_not_usual_is_said
sysctl -qw net.ipv6.conf.eth0.dad_transmits=5
run /vrf-launch -c /tmp/conf up
equal 'up succeeds' "$status" 0
equal 'it is said what is waited for' "$err" 'vrf-launch: waiting for the end of duplicate address detection on eth0, up to 10 s'
sysctl -qw net.ipv6.conf.eth0.dad_transmits=1
down

case_ an_address_of_another_machine_is_an_error
conf fd20::99/64 eth0
run /vrf-launch -c /tmp/conf up
equal 'exit code' "$status" 111
match 'it is named' "$err" 'cannot use interface eth0: another machine has its address fd20::99'
down

case_ an_interface_that_comes_late_is_waited_for
conf fd21::40/64 late0
background sh -c 'sleep 2.5; ip link add late0 type dummy'
run /vrf-launch -c /tmp/conf up --wait 20
equal 'up succeeds' "$status$out" 0
equal 'it is said what is waited for' "$err" 'vrf-launch: waiting for interface late0, up to 20 s'
expect 'it is a member' sh -c 'ip -6 addr show dev late0 | grep -q fd21::40'
expect 'down' /vrf-launch -c /tmp/conf down
ip link del late0
run /vrf-launch -c /tmp/conf up --wait 2
equal 'one that does not come is an error' "$status" 111
match 'as ever' "$err" 'late0.*ENODEV|ENODEV.*late0'

case_ a_carrier_is_waited_for
conf 10.20.30.40/24 eth0
on far ip link set eth0 down
background sh -c 'sleep 2.5; ip netns exec far ip link set eth0 up'
ip link set eth0 down
run /vrf-launch -c /tmp/conf up --wait 20
equal 'up succeeds' "$status$out" 0
equal 'it is said what is waited for' "$err" 'vrf-launch: waiting for the carrier of eth0, up to 20 s'
equal 'it is there' "$(cat /sys/class/net/eth0/carrier)" 1
down
on far ip link set eth0 down
ip link set eth0 down
run /vrf-launch -c /tmp/conf up --wait 2
equal 'one that does not come is none' "$status" 0
match 'but said' "$err" 'the carrier of eth0 has not come within 2 s'
expect 'down' /vrf-launch -c /tmp/conf down
ip link set eth0 down
run /vrf-launch -c /tmp/conf up
equal 'unless asked, it is not waited for' "$status$out$err" 0
