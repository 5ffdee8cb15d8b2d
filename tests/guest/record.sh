#!/bin/sh
# Lines of the record that no `up` has written: down carries out what takes back, and nothing that makes anything.
# kernels: once debian-6.1
# modules: vrf dummy bridge
# timeout: 240
ip link set lo up
ip link add eth0 type dummy
ip link add eth1 type dummy
ip link set eth1 up
cat >/tmp/conf <<'END'
auto mgmt
iface mgmt
    vrf-table 10
    vrf-accept tcp
auto eth0
iface eth0
    address 10.20.30.40/24
    vrf mgmt
END
# Everything of the machine that a line could change.
all() {
    ip -4 rule
    ip -6 rule
    ip -4 addr show dev eth1
    ip -4 route show table all dev eth1
    ip -j link show dev eth1 | jq -c '.[] | {ifname, master, mtu, link_type}'
    cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/core_pattern /proc/sys/net/ipv4/tcp_l3mdev_accept
}
ip link add probe type vrf table 99 # the kernel's own rules come with the first VRF, and stay
ip link del probe
all >/tmp/before

case_ a_line_that_makes_something_is_refused_and_named
sysctl -q -w net.ipv4.ip_forward=0
while read -r line; do
    expect "up, before: $line" /vrf-launch -q -c /tmp/conf up
    record=$(echo /run/vrf-launch/net-*)
    echo "$line" >>"$record"
    number=$(wc -l <"$record")
    run /vrf-launch -c /tmp/conf down
    equal "exit code: $line" "$status" 111
    match "message: $line" "$err" "^vrf-launch: $record:$number: cannot carry out .*: a line of the record may only take back"
    equal "the message is one: $line" "$(printf '%s\n' "$err" | grep -c 'may only take back')" 1
    all >/tmp/after
    expect "nothing has come of it: $line" diff /tmp/before /tmp/after
    equal "the rest is taken back: $line" "$(ip -j link show type vrf | jq -r '.[].ifname?')" ''
    equal "the line stays: $line" "$(grep -v ' down$' "$record")" "$line"
    rm "$record"
done <<'END'
- ip rule add pref 5 table main
- ip -6 rule add pref 5 table main
- ip rule add pref 0 from 192.0.2.0/24 table local
- ip rule add pref 700 l3mdev
eth1 ip addr add 192.0.2.1/24 dev eth1
eth1 ip addr replace 192.0.2.1/24 dev eth1
eth1 ip route add 192.0.2.0/24 dev eth1 table 10
eth1 ip link set dev eth1 master mgmt
eth1 ip link set dev eth1 vrf mgmt
eth1 ip link add more type dummy
- sysctl -w net.ipv4.ip_forward=1
- sysctl -w kernel.core_pattern=|/tmp/x
- sysctl -w net.ipv4.tcp_l3mdev_accept=1
eth1 sysctl -w net/ipv4/conf/../ip_forward=1
eth1 tc qdisc add dev eth1 clsact
END

case_ a_line_for_a_shell_is_not_run
expect 'up' /vrf-launch -q -c /tmp/conf up
echo 'eth1 touch /tmp/touched' >>"$record"
run /vrf-launch -c /tmp/conf down
refuse 'nothing is run' test -e /tmp/touched

case_ half_of_a_line_is_passed_over_and_the_rest_taken_back
for again in '' up; do
    expect 'up' /vrf-launch -q -c /tmp/conf up
    printf 'eth0 ip addr del 10.20.30.4' >>"$(echo /run/vrf-launch/net-*)"
    # What is made later has a line of its own.
    [ -z "$again" ] || {
        ip addr del 10.20.30.40/24 dev eth0
        expect 'up again' /vrf-launch -q -c /tmp/conf up
    }
    run /vrf-launch -c /tmp/conf down
    equal "down ($again)" "$status$err" 0
    all >/tmp/after
    expect "all is as before ($again)" diff /tmp/before /tmp/after
    equal "no VRF is left ($again)" "$(ip -j link show type vrf | jq -r '.[].ifname?')" ''
done

case_ what_the_file_deletes_is_set_back_and_a_member_of_a_bridge_goes_back
ip link add br0 type bridge
ip link set eth0 master br0
ip rule add pref 300 from 198.51.100.0/24 table 77
sed 's/vrf mgmt/&\n    up ip rule del pref 300 from 198.51.100.0\/24 table 77/' /tmp/conf >/tmp/conf.rule
all >/tmp/before.rule
expect 'up' /vrf-launch -c /tmp/conf.rule up
equal 'the rule is gone' "$(ip rule show pref 300)" ''
equal 'it is in the VRF' "$(ip -j link show eth0 | jq -r '.[].master')" mgmt
expect 'down' /vrf-launch -c /tmp/conf.rule down
all >/tmp/after
expect 'it is back' diff /tmp/before.rule /tmp/after
equal 'it is in the bridge' "$(ip -j link show eth0 | jq -r '.[].master')" br0
ip link del br0
ip rule del pref 300

case_ what_an_older_version_wrote_is_taken_back
expect 'up' /vrf-launch -q -c /tmp/conf up
for family in 4 6; do
    ip -$family rule add pref 2000 l3mdev unreachable
    ip -$family rule add pref 32765 table local
    ip -$family rule del pref 0 table local
    ip -$family rule del pref 0 l3mdev unreachable protocol kernel
    ip -$family rule del pref 0 l3mdev protocol kernel
done
{
    for family in 4 6; do
        echo "- ip -$family rule del pref 2000 l3mdev unreachable"
        echo "- ip -$family rule del pref 32765 table local"
        echo "- ip -$family rule add pref 0 table local protocol kernel"
    done
    grep -v ' rule ' "$record"
} >/tmp/older
cat /tmp/older >"$record"
expect 'down' /vrf-launch -c /tmp/conf down
all >/tmp/after
expect 'all is as before' diff /tmp/before /tmp/after

case_ a_record_that_others_can_write_is_not_gone_by
expect 'up' /vrf-launch -q -c /tmp/conf up
all >/tmp/full
for how in 'chown nobody' 'chmod 660' 'chmod 602'; do
    chown root "$record"
    chmod 600 "$record"
    $how "$record"
    for command in up down 'down --dry-run'; do
        # shellcheck disable=SC2086 # words
        run /vrf-launch -c /tmp/conf $command
        equal "exit code of $command, $how" "$status" 111
        match "message of $command, $how" "$err" "^vrf-launch: cannot go by the record $record: the file belongs to another user, or others may write to it"
        all >/tmp/after
        expect "$command changes nothing, $how" diff /tmp/full /tmp/after
    done
done
chown root "$record"
chmod 600 "$record"
expect 'down of its owner' /vrf-launch -c /tmp/conf down
all >/tmp/after
expect 'all is as before' diff /tmp/before /tmp/after
