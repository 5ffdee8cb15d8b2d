#!/bin/sh
# Setting up the seed's file and taking it back, by each way there is, each time in a network namespace of its own.
# kernels: debian-6.1
# modules: vrf dummy
# source: costs.c
# programs: ifupdown-ng
# timeout: 900
# shellcheck source=/dev/null # lib.sh, beside this
. /test/more.sh
sed 's/eth0/eth9/' /test/interfaces.seed >/tmp/seed
# A batch has one family.
cat >/tmp/up4 <<'EOF2'
link set dev lo up
link set dev eth9 up
addr add 10.20.30.40/24 dev eth9
route add default via 10.20.30.1 dev eth9 metric 1 onlink
link add vrf-management type vrf table 1
rule add pref 32765 table local
rule del pref 0
rule add pref 2000 l3mdev unreachable
link set dev vrf-management up
addr add 127.0.0.1/8 dev vrf-management
addr add ::1/128 dev vrf-management nodad
route add 10.20.30.0/24 dev eth9 table 1
EOF2
cat >/tmp/down4 <<'EOF2'
route del 10.20.30.0/24 dev eth9 table 1
link del vrf-management
route del default via 10.20.30.1 dev eth9 metric 1
addr del 10.20.30.40/24 dev eth9
link set dev eth9 down
rule add pref 0 table local
rule del pref 32765
rule del pref 2000
EOF2
grep rule /tmp/up4 >/tmp/up6
grep rule /tmp/down4 >/tmp/down6
for way in up down; do
    { sed 's/^/ip /' /tmp/${way}4; sed 's/^/ip -6 /' /tmp/${way}6; } >/tmp/script.$way
    echo "ip -batch /tmp/${way}4 && ip -6 -batch /tmp/${way}6" >/tmp/batch.$way
done
# ifupdown-ng 0.12.1 of Alpine has no executor for VRFs. Its own record is in /run/ifstate.
sed 's/vrf-table 1/pre-up ip link add vrf-management type vrf table 1\n    post-down ip link del vrf-management/' /tmp/seed >/tmp/seed.ng
version ifupdown-ng 0.12.1
version iproute2 "$(ip -V)"

# fresh UP [COMMAND...]: the cost of COMMAND, or of UP, in a new namespace where UP has been done
cat >/tmp/fresh <<'EOF2'
#!/bin/sh
ip netns add fresh
ip -n fresh link add eth9 type dummy
rm -rf /run/vrf-launch /run/ifstate
first=$1
shift
if [ $# = 0 ]; then
    eval "ip netns exec fresh costs once $first"
else
    eval "ip netns exec fresh $first" >/tmp/first
    ip netns exec fresh costs once "$@"
fi
ip -n fresh rule >/tmp/rules
ip netns del fresh
EOF2
chmod +x /tmp/fresh

columns='instructions, time (µs), memory (KiB)'
case_ set_up
t='set-up of the seed'
measure "$t" 'vrf-launch up' "$columns" /tmp/fresh '/vrf-launch -c /tmp/seed up'
match 'the rules' "$(cat /tmp/rules)" l3mdev
measure "$t" 'ip -batch, once for each family' "$columns" /tmp/fresh 'sh /tmp/batch.up'
measure "$t" 'a shell script of ip commands' "$columns" /tmp/fresh 'sh /tmp/script.up'
measure "$t" 'ifupdown-ng with iproute2' "$columns" /tmp/fresh 'ifup -a -i /tmp/seed.ng'
match 'the rules' "$(cat /tmp/rules)" l3mdev

case_ teardown
t='teardown of the seed'
measure "$t" 'vrf-launch down' "$columns" /tmp/fresh '/vrf-launch -c /tmp/seed up' /vrf-launch -c /tmp/seed down
measure "$t" 'ip -batch, once for each family' "$columns" /tmp/fresh 'sh /tmp/batch.up' sh /tmp/batch.down
measure "$t" 'a shell script of ip commands' "$columns" /tmp/fresh 'sh /tmp/script.up' sh /tmp/script.down
measure "$t" 'ifupdown-ng with iproute2' "$columns" /tmp/fresh 'ifup -a -i /tmp/seed.ng' ifdown -a -i /tmp/seed.ng
