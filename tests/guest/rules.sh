#!/bin/sh
# The rules that isolate, as iproute2 shows them: where they stand, among rules of others, and what becomes of those.
# modules: vrf dummy
# timeout: 120
cat >/tmp/conf <<'END'
auto mgmt
iface mgmt
    vrf-table 10
END
cat >/tmp/stated <<'END'
auto mgmt
iface mgmt
    vrf-table 10
    pre-up ip -4 rule add pref 32765 table local
    pre-up ip -6 rule add pref 32765 table local
    pre-up ip -4 rule del pref 0
    pre-up ip -6 rule del pref 0
    pre-up ip -4 rule add pref 2000 l3mdev unreachable
END
# What an older version has left: its layout, and its record.
older() {
    ip link add mgmt type vrf table 10
    ip link set mgmt up
    ip addr add 127.0.0.1/8 dev mgmt
    ip addr add ::1/128 dev mgmt nodad
    for family in 4 6; do
        ip -$family rule add pref 2000 l3mdev unreachable
        ip -$family rule add pref 32765 table local
        ip -$family rule del pref 0
    done
    mkdir -p /run/vrf-launch
    # The name has the number of the namespace, which `up` knows.
    /vrf-launch -q -c /tmp/conf up
    record=$(echo /run/vrf-launch/net-*)
    cat >"$record" <<'END'
mgmt/vrf ip link del dev mgmt
- ip -4 rule del pref 2000 l3mdev unreachable
- ip -6 rule del pref 2000 l3mdev unreachable
- ip -4 rule del pref 32765 table local
- ip -6 rule del pref 32765 table local
- ip -4 rule add pref 0 table local protocol kernel
- ip -6 rule add pref 0 table local protocol kernel
mgmt ip link set dev mgmt down
mgmt ip addr del 127.0.0.1/8 dev mgmt
mgmt ip addr del ::1/128 dev mgmt nodad
END
    for family in 4 6; do
        ip -$family rule del pref 0 l3mdev unreachable protocol kernel
        ip -$family rule del pref 0 l3mdev protocol kernel
        # As it stood; `up` has given the machine its table local back.
        ip -$family rule show pref 0 | grep -q local && ip -$family rule del pref 0 table local
        ip -$family rule show | grep -q 2000: || ip -$family rule add pref 2000 l3mdev unreachable
        ip -$family rule show | grep -q 32765: || ip -$family rule add pref 32765 table local
    done
}
rules() {
    # A socket in a VRF is `l3mdev`; `-d` adds who made each.
    ip -d "-$1" rule | tr '\t' ' ' | sed 's/ *$//; s/from all //; s/lookup \[l3mdev-table\]/l3mdev/; s/ proto unspec//; s/ proto boot//'
}
both() {
    rules 4
    rules 6
}
pair='0: l3mdev proto kernel
0: l3mdev unreachable proto kernel
0: lookup local proto kernel'
ip link add probe type vrf table 99 # the kernel's own rules come with the first VRF, and stay
ip link del probe
both >/tmp/before

case_ the_pair_stands_first_in_both_families
expect 'up' /vrf-launch -c /tmp/conf up
equal 'IPv4' "$(rules 4)" "$pair
1000: l3mdev proto kernel
32766: lookup main proto kernel
32767: lookup default proto kernel"
equal 'IPv6' "$(rules 6)" "$pair
1000: l3mdev proto kernel
32766: lookup main proto kernel"

case_ a_second_up_tells_the_kernel_nothing
background ip monitor rule
sleep 1
expect 'up' /vrf-launch -c /tmp/conf up
sleep 1
equal 'no news' "$(cat "$log")" ''
run /vrf-launch -c /tmp/conf plan --diff
equal 'nothing would change' "$out$err" ''

case_ down_leaves_what_was_there
expect 'down' /vrf-launch -c /tmp/conf down
equal 'the rules' "$(both)" "$(cat /tmp/before)"

case_ plan_makes_the_same
/vrf-launch -c /tmp/conf plan >/tmp/plan
expect 'sh -e' sh -e /tmp/plan
match 'IPv4' "$(rules 4 | head -n 3 | tr '\n' '|')" '^0: l3mdev proto kernel[|]0: l3mdev unreachable proto kernel[|]0: lookup local proto kernel[|]$'
match 'IPv6' "$(rules 6 | head -n 3 | tr '\n' '|')" '^0: l3mdev proto kernel[|]0: l3mdev unreachable proto kernel[|]0: lookup local proto kernel[|]$'
expect 'up takes it for its own' /vrf-launch -c /tmp/conf up
ip link del mgmt
rm -r /run/vrf-launch
for family in 4 6; do
    ip -$family rule del pref 0 l3mdev unreachable protocol kernel
    ip -$family rule del pref 0 l3mdev protocol kernel
done
equal 'the rules' "$(both)" "$(cat /tmp/before)"

# Others have rules at 0 already.
zero='rule add pref 0 from 10.1.0.1 table 90 protocol static
rule add pref 0 from 10.1.0.0/16 uidrange 5-6 table 300
rule add pref 0 fwmark 7 table 90'
zero_() {
    sed "s/add/$2/" | if [ "$1" = -6 ]; then sed 's|10.1.0.1|fd01::1|; s|10.1.0.0/16|fd01::/16|'; else cat; fi | ip "$1" -batch -
}
case_ rules_of_others_at_0_stay_behind_local_and_in_their_order
echo "$zero" | zero_ -4 add
echo "$zero" | zero_ -6 add
both >/tmp/with
run /vrf-launch -c /tmp/conf plan --diff
echo "$out" | grep '^ip .* rule ' >/tmp/plan
for round in 1 2 3; do
    expect "up $round" /vrf-launch -c /tmp/conf up
    equal "the pair comes first $round" "$(rules 4 | head -n 3)" "$pair"
    equal "the pair comes first $round, IPv6" "$(rules 6 | head -n 3)" "$pair"
    equal "others as they were $round" "$(both | grep -v '^0: l3mdev')" "$(cat /tmp/with)"
    expect "up again $round" /vrf-launch -c /tmp/conf up
    expect "down $round" /vrf-launch -c /tmp/conf down
    equal "after down $round" "$(both)" "$(cat /tmp/with)"
done

case_ what_plan_says_of_them_does_the_same
expect 'the commands' sh -e /tmp/plan
equal 'the pair comes first' "$(rules 4 | head -n 3)" "$pair"
equal 'others as they were' "$(both | grep -v '^0: l3mdev')" "$(cat /tmp/with)"
expect 'up' /vrf-launch -c /tmp/conf up
for family in 4 6; do
    ip -$family rule del pref 0 l3mdev unreachable protocol kernel
    ip -$family rule del pref 0 l3mdev protocol kernel
done
/vrf-launch -c /tmp/conf down
echo "$zero" | zero_ -4 del
echo "$zero" | zero_ -6 del
equal 'the rules' "$(both)" "$(cat /tmp/before)"

case_ a_rule_added_without_a_preference_meanwhile
expect 'up' /vrf-launch -c /tmp/conf up
ip rule add from 10.2.0.1 table 90
ip -6 rule add from fd02::1 table 90
expect 'down' /vrf-launch -c /tmp/conf down
match 'it is behind local' "$(rules 4 | tr '\n' '|')" '^0: lookup local proto kernel[|]0: from 10.2.0.1 lookup 90'
expect 'up' /vrf-launch -c /tmp/conf up
equal 'the pair comes first' "$(rules 4 | head -n 3)" "$pair"
equal 'and in IPv6' "$(rules 6 | head -n 3)" "$pair"
ip rule del from 10.2.0.1 table 90
ip -6 rule del from fd02::1 table 90
expect 'down' /vrf-launch -c /tmp/conf down
equal 'the rules' "$(both)" "$(cat /tmp/before)"

case_ the_layout_of_an_older_version_is_changed_over
older
cp "$record" /tmp/record
match 'it stands' "$(rules 4 | head -n 3 | tr '\n' '|')" '^1000: l3mdev.*2000: l3mdev unreachable.*32765: lookup local'
background ip monitor rule
sleep 1
expect 'up' /vrf-launch -c /tmp/conf up
equal 'IPv4' "$(rules 4 | head -n 3)" "$pair"
equal 'IPv6' "$(rules 6 | head -n 3)" "$pair"
refuse 'nothing of it is left' grep -E 'pref (2000|32765)' "$record"
equal 'nor in the kernel' "$(both | grep -c -E '^(2000|32765):')" 0
sleep 1
order=$(sed -n '/lookup local/{s/^Deleted.*/-/;s/^[0-9].*/+/;p}' "$log" | tr -d '\n')
equal 'table local is never without a rule' "$order" '++--'
expect 'down' /vrf-launch -c /tmp/conf down
equal 'the rules' "$(both)" "$(cat /tmp/before)"

case_ the_vrfs_of_an_older_version_stay_isolated_when_up_is_put_back
older
echo '    vrf-route unreachable 10.9.0.0/16' | cat /tmp/conf - >/tmp/more
expect 'up' /vrf-launch -q -c /tmp/more up --confirm 1
soon sh -c '! ip route show table 10 | grep -q 10.9' || fail 'it is put back'
sleep 1
equal 'IPv4' "$(rules 4 | head -n 3)" "$pair"
equal 'IPv6' "$(rules 6 | head -n 3)" "$pair"
expect 'the VRF is there' ip link show mgmt
expect 'down' /vrf-launch -c /tmp/conf down
equal 'the rules' "$(both)" "$(cat /tmp/before)"

case_ a_file_that_states_rules_has_its_own_layout
expect 'up' /vrf-launch -q -c /tmp/stated up
equal 'IPv4' "$(rules 4 | head -n 3 | cut -d ' ' -f -3)" '1000: l3mdev proto
2000: l3mdev unreachable
32765: lookup local'
equal 'IPv6, which it forgets' "$(rules 6 | head -n 3 | cut -d ' ' -f -3)" '1000: l3mdev proto
2000: l3mdev unreachable
32765: lookup local'
expect 'up of a file that does not' /vrf-launch -q -c /tmp/conf up
equal 'the pair' "$(rules 4 | head -n 3)" "$pair"
equal 'nothing of the other' "$(both | grep -c -E '^(2000|32765):')" 0
expect 'and back' /vrf-launch -q -c /tmp/stated up
equal 'none of the pair' "$(both | grep -c '^0:')" 0
match 'the other' "$(rules 6 | tr '\n' '|')" '^1000: l3mdev proto kernel[|]2000: l3mdev unreachable.*32765: lookup local'
expect 'down' /vrf-launch -q -c /tmp/stated down
equal 'the rules' "$(both)" "$(cat /tmp/before)"

case_ and_says_once_which_rule_of_others_breaks_it
run /vrf-launch -c /tmp/stated up
equal 'nothing without one' "$status$out$err" 0
expect 'down' /vrf-launch -c /tmp/stated down
ip rule add pref 5210 fwmark 0x80000/0xff0000 table main
ip rule add pref 5270 table 52
for round in 1 2; do
    run /vrf-launch -c /tmp/stated up
    equal "exit code $round" "$status" 0
    match "which and why $round" "$err" 'IPv4 rules: 5210 main \(for some\): it is asked before local: packets to this machine.s own addresses .*\(and 1 more: vrf-launch check\)$'
    equal "one line $round" "$(printf '%s\n' "$out$err" | wc -l)" 1
done
run /vrf-launch -q -c /tmp/stated up
equal 'not if it is to be quiet' "$status$out$err" 0
expect 'down' /vrf-launch -c /tmp/stated down
run /vrf-launch -c /tmp/conf up
equal 'the pair leaves them alone' "$status$out$err" 0
expect 'down' /vrf-launch -c /tmp/conf down
ip rule del pref 5210
ip rule del pref 5270

case_ and_down_of_it_puts_local_before_those_of_others_at_0
ip rule add pref 0 from 10.2.0.1 table 90
ip -6 rule add pref 0 from fd02::1 table 90
both >/tmp/with
expect 'up' /vrf-launch -q -c /tmp/stated up
expect 'down' /vrf-launch -q -c /tmp/stated down
equal 'the rules' "$(both)" "$(cat /tmp/with)"
ip rule del pref 0 from 10.2.0.1 table 90
ip -6 rule del pref 0 from fd02::1 table 90

case_ a_shell_that_deletes_the_first_rule_is_mended
ip=$(which ip)
cat >/tmp/shelled <<END
auto mgmt
iface mgmt
    vrf-table 10
    post-up $ip rule add pref 32765 table local && $ip rule del pref 0; true
    post-down $ip rule del pref 32765; true
END
for round in 1 2; do
    expect "up $round" /vrf-launch -c /tmp/shelled up
    equal "the pair $round" "$(rules 4 | head -n 3)" "$pair"
    match "and what the shell has added $round" "$(rules 4)" '^32765: lookup local'
done
expect 'down' /vrf-launch -c /tmp/shelled down
equal 'the rules' "$(both)" "$(cat /tmp/before)"

case_ without_a_vrf_nothing_stays
cat >/tmp/broken <<'END'
auto mgmt
iface mgmt
    vrf-table 10
    address 10.0.0.1/24
    up ip route add 10.9.0.0/16 dev nowhere0
END
run /vrf-launch --wait 0 -c /tmp/broken up
equal 'exit code' "$status" 111
equal 'the rules' "$(both)" "$(cat /tmp/before)"

case_ a_rule_without_a_preference_is_made_once
cat >/tmp/own <<'END'
auto mgmt
iface mgmt
    vrf-table 10
    up ip rule add from 10.3.0.1 table 90
    up ip rule add from 10.3.0.2 table 91
    up ip -6 rule add from fd03::1 table 90
END
for round in 1 2 3; do
    expect "up $round" /vrf-launch -c /tmp/own up
    equal "IPv4 $round" "$(rules 4)" "$pair
1000: l3mdev proto kernel
32764: from 10.3.0.2 lookup 91
32765: from 10.3.0.1 lookup 90
32766: lookup main proto kernel
32767: lookup default proto kernel"
    equal "IPv6 $round" "$(rules 6)" "$pair
1000: l3mdev proto kernel
32765: from fd03::1 lookup 90
32766: lookup main proto kernel"
    run /vrf-launch -c /tmp/own plan --diff
    equal 'nothing would change' "$out$err" ''
done
expect 'down' /vrf-launch -c /tmp/own down
equal 'the rules' "$(both)" "$(cat /tmp/before)"

case_ down_takes_back_its_own_rule_and_not_one_of_others_that_says_more
for pref in 100 0; do
    for family in 4 6; do
        from=10.4.0.1 && [ $family = 4 ] || from=fd04::1
        ip -$family rule add pref $pref from $from fwmark 7 table 90
        ip -$family rule add pref $pref from $from iif lo table 90
    done
    both >/tmp/with
    cat >/tmp/more <<END
auto mgmt
iface mgmt
    vrf-table 10
    up ip rule add pref $pref from 10.4.0.1 table 90
    up ip -6 rule add pref $pref from fd04::1 table 90
END
    expect "up $pref" /vrf-launch -c /tmp/more up
    equal "they stand side by side $pref" "$(both | grep -c "^$pref: from .*4.*1")" 6
    expect "down $pref" /vrf-launch -c /tmp/more down
    equal "those of others are as they were $pref" "$(both)" "$(cat /tmp/with)"
    for family in 4 6; do
        from=10.4.0.1 && [ $family = 4 ] || from=fd04::1
        ip -$family rule del pref $pref from $from fwmark 7 table 90
        ip -$family rule del pref $pref from $from iif lo table 90
    done
done
equal 'the rules' "$(both)" "$(cat /tmp/before)"

case_ a_pair_that_somebody_has_made_before_stays
for family in 4 6; do
    ip -$family rule add pref 0 l3mdev protocol kernel
done
both >/tmp/with
expect 'up' /vrf-launch -c /tmp/conf up
equal 'the pair comes first' "$(rules 4 | head -n 3)" "$pair"
expect 'down' /vrf-launch -c /tmp/conf down
equal 'its rule is there' "$(both | grep -c '^0: l3mdev proto kernel')" 2
for family in 4 6; do
    ip -$family rule del pref 0 l3mdev protocol kernel
done
equal 'the rules' "$(both)" "$(cat /tmp/before)"

case_ a_rule_that_two_stanzas_state_goes_with_the_last_of_them
cat >/tmp/two <<'END'
auto mgmt
iface mgmt
    vrf-table 10
    up ip rule add from 10.5.0.1 table 90
auto prod
iface prod
    vrf-table 20
    up ip rule add from 10.5.0.1 table 90
END
for order in 'mgmt prod' 'prod mgmt'; do
    expect "up $order" /vrf-launch -c /tmp/two up
    expect "up again $order" /vrf-launch -c /tmp/two up
    expect "down of one $order" /vrf-launch -c /tmp/two down "${order% *}"
    equal "it is there $order" "$(rules 4 | grep -c 'from 10.5.0.1')" 1
    expect "down of the other $order" /vrf-launch -c /tmp/two down "${order#* }"
    equal "the rules $order" "$(both)" "$(cat /tmp/before)"
done

case_ two_ups_at_the_same_moment_without_a_record_keep_table_local
# Nothing in /run can be locked. Each message takes its time, and the second process asks for the rules while the first has added the
# copy of table local and has not yet deleted the original.
rm -r /run/vrf-launch
mount -o remount,ro /run
slow_up() {
    strace -o "/tmp/trace.$1" -e trace=sendto,sendmsg,sendmmsg -e inject=sendto,sendmsg,sendmmsg:delay_enter=200000 \
        /vrf-launch -q -c /tmp/conf up
}
slow_up 1 &
one=$!
sleep 0.3
expect 'the second' slow_up 2
expect 'the first' wait $one
both >/tmp/with
mount -o remount,rw /run
equal 'IPv4' "$(grep -v '^0: l3mdev' /tmp/with)" "$(cat /tmp/before)"
equal 'the pair, in both' "$(grep -c '^0: l3mdev' /tmp/with)" 4
equal 'own address' "$(ip route get 127.0.0.1 | cut -d ' ' -f 1)" local
for family in 4 6; do
    ip -$family rule show pref 0 | grep -q local || ip -$family rule add pref 0 table local protocol kernel
done
expect 'down' /vrf-launch -c /tmp/conf down
ip link del mgmt
for family in 4 6; do
    ip -$family rule del pref 0 l3mdev unreachable protocol kernel
    ip -$family rule del pref 0 l3mdev protocol kernel
done
equal 'the rules' "$(both)" "$(cat /tmp/before)"
