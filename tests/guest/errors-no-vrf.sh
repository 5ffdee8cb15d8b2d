#!/bin/sh
# A kernel that has no VRFs: the module is not on the disk.
# kernels: once
# modules: dummy
ip link add eth0 type dummy
cat >/tmp/conf <<'EOF'
auto red
iface red
    vrf-table 20
EOF
sleep 1
state >/tmp/before

case_ this_kernel_has_none
refuse 'ip makes none' ip link add red type vrf table 20

case_ up_says_so
run /vrf-launch -c /tmp/conf up
equal 'exit code' "$status" 111
match 'the reason' "$err" '^vrf-launch: /tmp/conf:[123]: .*red.*EOPNOTSUPP'
match 'what is missing' "$err" '([Vv][Rr][Ff]).*(module|kernel|CONFIG_NET_VRF)|(module|kernel|CONFIG_NET_VRF).*[Vv][Rr][Ff]'
expect 'at most a second line, with advice' test "$(echo "$err" | wc -l)" -le 2
same_state 'nothing is changed' /tmp/before

case_ a_launch_says_so
run /vrf-launch -c /tmp/conf red -- echo started
equal 'exit code' "$status" 111
equal 'it is not started' "$out" ''
match 'the reason' "$err" '^vrf-launch: .*EOPNOTSUPP'
same_state 'nothing is changed' /tmp/before
