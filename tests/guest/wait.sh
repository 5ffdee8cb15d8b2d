#!/bin/sh
# What `up` waits for: interfaces, carriers, the end of duplicate address detection.
# kernels: once alpine-6.18
# modules: vrf 8021q bridge
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

case_ one_that_is_missing_does_not_keep_the_others_down
cat >/tmp/conf <<'EOF'
auto eth0
iface eth0
    address 10.20.30.40/24
    vrf mgmt
auto eth7
iface eth7
    address 10.20.31.40/24
    vrf mgmt
auto data
iface data
    vrf-table 20
iface mgmt
    vrf-table 10
EOF
state >/tmp/before
run /vrf-launch -c /tmp/conf up --wait 1
equal 'exit code' "$status" 111
equal 'it is named, once' "$(echo "$err" | grep -c 'vrf-launch: /tmp/conf:8: cannot set link dev eth7 master mgmt: ENODEV')" 1
equal 'with what to do, and nothing else is said' "$(echo "$err" | wc -l)" 2
is_member() { ip -j -d addr show dev "$1" | jq -e --arg vrf "$2" '.[0] | .master == $vrf and (.flags | index("UP")) and (.addr_info | any(.family == "inet"))' >/tmp/said; }
expect 'the other member is up' is_member eth0 mgmt
expect 'and is used' /vrf-launch mgmt -- ping -c 1 -W 2 10.20.30.40
equal 'both VRFs are up' "$(ip -j -d link show type vrf up | jq -c 'map(.ifname) | sort')" '["data","mgmt"]'
ip link add eth7 type dummy
run /vrf-launch -c /tmp/conf up --wait 1
equal 'the next up finishes it' "$status$out$err" 0
expect 'it is up' is_member eth7 mgmt
expect 'down' /vrf-launch -c /tmp/conf down
ip link del eth7
same_state 'nothing is left' /tmp/before

case_ what_cannot_do_without_it_is_left_out_too
cat >/tmp/conf <<'EOF'
auto eth7
iface eth7
    vrf lone
iface lone
    vrf-table 30
auto d1
iface d1
    link-type dummy
    requires eth7
auto d4
iface d4
    link-type dummy
    requires d1
auto eth7.5
iface eth7.5
    vrf mixed
auto d2
iface d2
    link-type dummy
    vrf mixed
iface mixed
    vrf-table 40
auto br0
iface br0
    bridge-ports d3 eth7
iface d3
    link-type dummy
auto routed
iface routed
    vrf-table 50
    post-up ip route add 10.9.0.0/24 dev eth8 table 50
auto eth0
iface eth0
    address 10.20.30.40/24
    vrf routed
auto taken
iface taken
    vrf-table 60
EOF
ip link add taken type dummy
ip link set eth0 down
run /vrf-launch -c /tmp/conf up --wait 1
ip -j link show >/tmp/links
equal 'exit code' "$status" 111
equal 'what is missing is named' "$(echo "$err" | grep -c ENODEV)" 2
equal 'and what there is no way to make' "$(echo "$err" | grep -c ': cannot .*taken')" 1
equal 'the others say why' "$(echo "$err" | sed -n 's/^vrf-launch: cannot bring up //p' | sort)" 'd1: it requires eth7
d4: it requires d1
eth0: it requires routed
eth7.5: it requires eth7'
equal 'the rest is up' "$(jq -r '.[] | select(.flags | index("UP")) | .ifname' /tmp/links | sort | xargs)" 'br0 d2 d3 lo mixed'
equal 'and nothing else was made' "$(jq -r '.[].ifname' /tmp/links | grep -v dummy0 | sort | xargs)" 'br0 d2 d3 eth0 lo mixed taken'
ip link add eth7 type dummy
ip link add eth8 type dummy
ip link set eth8 up
ip link del taken
run /vrf-launch -q -c /tmp/conf up
equal 'when it is there all come up' "$status$out$err" 0
expect 'down' /vrf-launch -c /tmp/conf down
ip link del eth7
ip link del eth8
ip link set eth0 up

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
