#!/bin/sh
# The kernel's switches for VRFs: vrf-accept, vrf-strict-mode, and the loopback addresses, set by up and put back by down.
# kernels: once alpine-6.18
# modules: vrf
cat >/tmp/conf <<'EOF2'
auto one
iface one
    vrf-table 11
    vrf-accept tcp udp
    vrf-strict-mode yes

auto two
iface two
    vrf-table 12
    vrf-accept tcp
    vrf-loopback no
EOF2
switches() {
    for name in ipv4/tcp_l3mdev_accept ipv4/udp_l3mdev_accept ipv4/raw_l3mdev_accept vrf/strict_mode; do
        printf '%s=%s ' "${name##*/}" "$(cat /proc/sys/net/$name 2>/tmp/said)"
    done
}
before=$(switches)

case_ up_sets_them
expect 'up' /vrf-launch -c /tmp/conf up
equal 'as the file says' "$(switches)" 'tcp_l3mdev_accept=1 udp_l3mdev_accept=1 raw_l3mdev_accept=1 strict_mode=1 '
equal 'loopback' "$(ip -j addr show one | jq -r '[.[0].addr_info[].local] | join(" ")')" '127.0.0.1 ::1'
equal 'and none where it is not wanted' "$(ip -j addr show two | jq -r '[.[0].addr_info[].local] | join(" ")')" ''
run /vrf-launch -c /tmp/conf -v up
equal 'up again' "$status" 0

case_ down_puts_them_back_with_the_last_vrf
expect 'down of one' /vrf-launch -c /tmp/conf down one
equal 'the other counts on them' "$(switches)" 'tcp_l3mdev_accept=1 udp_l3mdev_accept=1 raw_l3mdev_accept=1 strict_mode=1 '
expect 'down' /vrf-launch -c /tmp/conf down
equal 'as before' "$(switches)" "$before"

case_ what_was_so_before_stays_so
echo 1 >/proc/sys/net/ipv4/tcp_l3mdev_accept
expect 'up' /vrf-launch -c /tmp/conf up
expect 'down' /vrf-launch -c /tmp/conf down
equal 'what was not changed is not changed back' "$(cat /proc/sys/net/ipv4/tcp_l3mdev_accept)" 1
echo 0 >/proc/sys/net/ipv4/tcp_l3mdev_accept

case_ plan_prints_them
/vrf-launch -c /tmp/conf plan >/tmp/plan
expect 'accept' grep -q '^sysctl -w net.ipv4.udp_l3mdev_accept=1$' /tmp/plan
expect 'strict mode' grep -q '^sysctl -w net.vrf.strict_mode=1$' /tmp/plan

case_ strict_mode_is_that_two_vrfs_cannot_share_a_table
expect 'up' /vrf-launch -c /tmp/conf up
refuse 'the kernel refuses' ip link add three type vrf table 11
expect 'down' /vrf-launch -c /tmp/conf down

case_ wrong_values_change_nothing
printf 'iface one\n    vrf-table 11\n    vrf-accept tcp sctp\n' >/tmp/wrong
run /vrf-launch -c /tmp/wrong up
equal 'exit code' "$status" 100
equal 'message' "$err" 'vrf-launch: /tmp/wrong:3: vrf-accept "sctp": neither tcp, udp nor raw'
printf 'iface one\n    vrf-table 11\n    vrf-strict-mode perhaps\n' >/tmp/wrong
run /vrf-launch -c /tmp/wrong up
equal 'exit code' "$status" 100
match 'message' "$err" '^vrf-launch: /tmp/wrong:3: vrf-strict-mode "perhaps": neither yes nor no'
