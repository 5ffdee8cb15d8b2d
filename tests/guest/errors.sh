#!/bin/sh
# A table of mistakes: each gives one clear line, the right exit code, and changes nothing.
# kernels: once
# modules: vrf dummy
# timeout: 120

# What has to be as before: the network, and the cgroups.
everything() {
    state
    find /sys/fs/cgroup -type d | sort
    grep cgroup /proc/mounts
}

# error_case_ NAME CODE REGEX [COMMAND...] <CONFIGURATION
# COMMAND, by default `up`, is run with the configuration in /tmp/conf. REGEX is for the first line of the message,
# behind "vrf-launch: ".
error_case_() {
    case_ "$1"
    code=$2 regex=$3
    shift 3
    cat >/tmp/conf
    [ $# -gt 0 ] || set -- /vrf-launch -c /tmp/conf up
    everything >/tmp/before
    run "$@"
    equal 'exit code' "$status" "$code"
    match 'message' "$(echo "$err" | sed -n 1p)" "^vrf-launch: $regex"
    expect 'at most a second line, with advice' test "$(echo "$err" | wc -l)" -le 2
    equal 'nothing on standard output' "$out" ''
    soon same_everything || {
        fail 'nothing is changed'
        diff -U 0 /tmp/before /tmp/after | grep '^[-+][^-+]' | shown
    }
}
same_everything() {
    everything >/tmp/after
    cmp -s /tmp/before /tmp/after
}

ip link add eth0 type dummy
ip link add mgmt type vrf table 10
ip link set mgmt up
sleep 1

error_case_ down_of_a_name_without_a_configuration 100 'interface "nosuch": there is no configuration' /vrf-launch down nosuch </dev/null
error_case_ missing_file 100 '.*/no/such/file.*ENOENT' /vrf-launch -c /no/such/file up </dev/null
error_case_ file_without_end 100 '.*/dev/zero.*EFBIG' /vrf-launch -c /dev/zero up </dev/null
error_case_ folder_as_file 100 '.*/tmp.*EISDIR' /vrf-launch -c /tmp up </dev/null
error_case_ unknown_word_for_yes_or_no 100 '/tmp/conf:4: .*vrf-rules.*maybe' <<'EOF'
auto red
iface red
    vrf-table 20
    vrf-rules maybe
EOF
error_case_ bad_address 100 '/tmp/conf:3: .*10\.20\.30\.400/24' <<'EOF'
auto eth0
iface eth0
    address 10.20.30.400/24
EOF
error_case_ bad_ipv6_address 100 '/tmp/conf:3: .*fd20::g/64' <<'EOF'
auto eth0
iface eth0
    address fd20::g/64
EOF
error_case_ bad_prefix_length 100 '/tmp/conf:3: .*10\.20\.30\.40/33' <<'EOF'
auto eth0
iface eth0
    address 10.20.30.40/33
EOF
error_case_ bad_gateway 100 '/tmp/conf:4: .*router' <<'EOF'
auto eth0
iface eth0
    address 10.20.30.40/24
    gateway router
EOF
error_case_ table_0 100 '/tmp/conf:3: .*table.*0' <<'EOF'
auto red
iface red
    vrf-table 0
EOF
error_case_ table_text 100 '/tmp/conf:3: .*table.*management' <<'EOF'
auto red
iface red
    vrf-table management
EOF
error_case_ table_too_large 100 '/tmp/conf:3: .*table.*4294967296' <<'EOF'
auto red
iface red
    vrf-table 4294967296
EOF
error_case_ table_missing 100 '/tmp/conf:3: .*table' <<'EOF'
auto red
iface red
    vrf-table
EOF
error_case_ table_twice_in_the_file 100 '/tmp/conf:7: .*(red|20)' <<'EOF'
auto red
iface red
    vrf-table 20

auto blue
iface blue
    vrf-table 20
EOF
error_case_ table_used_by_another_vrf 100 '/tmp/conf:[23]: .*(10|mgmt)' <<'EOF'
auto red
iface red
    vrf-table 10
EOF
error_case_ vrf_exists_with_another_table 111 '/tmp/conf:[23]: .*mgmt.*' <<'EOF'
auto mgmt
iface mgmt
    vrf-table 11
EOF
error_case_ interface_exists_and_is_no_vrf 111 '/tmp/conf:[23]: .*eth0' <<'EOF'
auto eth0
iface eth0
    vrf-table 20
EOF
error_case_ vrf_name_too_long 100 '/tmp/conf:[12]: .*a-name-that-is-too-long' <<'EOF'
auto a-name-that-is-too-long
iface a-name-that-is-too-long
    vrf-table 20
EOF
error_case_ missing_interface 111 '/tmp/conf:[123]: .*eth7' /vrf-launch -c /tmp/conf --wait 0 up <<'EOF'
auto eth7
iface eth7
    address 10.20.30.40/24
EOF
error_case_ missing_member 111 '/tmp/conf:[123]: .*eth7' /vrf-launch -c /tmp/conf --wait 1 up <<'EOF'
auto eth7
iface eth7
    vrf red

auto red
iface red
    vrf-table 20
EOF
error_case_ member_of_a_vrf_that_is_not_described 111 '/tmp/conf:4: .*blue' /vrf-launch -c /tmp/conf --wait 0 up <<'EOF'
auto eth0
iface eth0
    address 10.20.30.40/24
    vrf blue
EOF
error_case_ requirement_that_is_not_described 111 '/tmp/conf:4: .*eth7' /vrf-launch -c /tmp/conf --wait 0 up <<'EOF'
auto red
iface red
    vrf-table 20
    requires eth7
EOF
error_case_ requirements_in_a_circle 100 '/tmp/conf:[0-9]+: .*(red|blue)' <<'EOF'
auto red
iface red
    vrf-table 20
    requires blue

auto blue
iface blue
    vrf-table 30
    requires red
EOF
error_case_ bad_ip_line 100 '/tmp/conf:4: .*' <<'EOF'
auto red
iface red
    vrf-table 20
    pre-up ip -4 rule add pref many table local
EOF
error_case_ route_by_a_missing_interface 111 '/tmp/conf:4: .*10\.9\.0\.0/24.*ENODEV' /vrf-launch --wait 1 -c /tmp/conf up <<'EOF'
auto red
iface red
    vrf-table 20
    post-up ip route add 10.9.0.0/24 dev eth7 table 20
EOF
error_case_ failing_command 111 '/tmp/conf:4: .*' <<'EOF'
auto red
iface red
    vrf-table 20
    pre-up exit 3
EOF
error_case_ no_privileges_for_up 111 '.*EPERM' \
    setpriv --reuid 65534 --regid 65534 --clear-groups /vrf-launch -c /tmp/conf up <<'EOF'
auto red
iface red
    vrf-table 20
EOF
# With the capability, and without access to what up has made: nothing is taken back that had been there before.
error_case_ no_record_for_down 111 '.*/run/vrf-launch.*EACCES' \
    setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps +net_admin --ambient-caps +net_admin /vrf-launch -c /tmp/conf down <<'EOF'
auto mgmt
iface mgmt
    vrf-table 10
EOF
error_case_ no_privileges_for_a_launch 111 '.*(EPERM|EACCES)' \
    setpriv --reuid 65534 --regid 65534 --clear-groups /vrf-launch mgmt -- echo started </dev/null
error_case_ similar_vrf 100 'cannot run in VRF mgnt: there is no such VRF; there are: mgmt, red$' /vrf-launch -c /tmp/conf mgnt -- sshd <<'EOF'
iface mgmt
    vrf-table 10
iface red
    vrf-table 20
EOF
equal 'what was meant' "$(echo "$err" | sed -n 2p)" 'vrf-launch: did you mean mgmt?'
error_case_ command_taken_for_a_vrf 100 'cannot run in VRF dwon: ' /vrf-launch dwon mgmt </dev/null
equal 'what was meant' "$(echo "$err" | sed -n 2p)" 'vrf-launch: did you mean down?'
error_case_ address_that_no_card_may_have 111 '/tmp/conf:4: cannot set link dev eth0 .*EADDRNOTAVAIL' <<'EOF'
auto eth0
iface eth0
    alias mine
    hwaddress ff:ff:ff:ff:ff:ff
    mtu 1400
EOF
error_case_ similar_master 111 '/tmp/conf:3: .*mgnt' /vrf-launch -c /tmp/conf --wait 0 up <<'EOF'
auto eth0
iface eth0
    vrf mgnt
iface mgmt
    vrf-table 10
EOF
equal 'what was meant' "$(echo "$err" | sed -n 2p)" 'vrf-launch: did you mean mgmt?'
touch /tmp/secret
chmod 600 /tmp/secret
error_case_ unreadable_file 100 '.*/tmp/secret.*EACCES' \
    setpriv --reuid 65534 --regid 65534 --clear-groups /vrf-launch -c /tmp/secret up </dev/null
mount -o remount,ro /sys/fs/cgroup
error_case_ unwritable_cgroup 111 '.*(cgroup.*EROFS|EROFS.*cgroup)' /vrf-launch --bind cgroup mgmt -- echo started </dev/null
mount -o remount,rw /sys/fs/cgroup
error_case_ no_configuration_at_all 100 '.*/etc/vrf-launch.conf' /vrf-launch up </dev/null

without_proc() {
    # shellcheck disable=SC2016 # for the shell inside
    unshare -m sh -c 'umount -l /proc; exec "$@"' sh "$@"
}
error_case_ no_proc_for_a_launch 111 '.*mgmt' without_proc /vrf-launch mgmt -- echo started </dev/null
equal 'what is to be done' "$(echo "$err" | sed -n 2p)" 'vrf-launch: is /proc mounted?'
refuse 'a folder is left in the root' test -e /vrf-launch-guard

# To `ip link add`, `a` is the beginning of `address`, and `b` of `broadcast`.
case_ what_to_do_about_several_errors_is_said_once
printf 'auto a\niface a\n    link-type dummy\nauto b\niface b\n    vrf-table 77\n' >/tmp/conf
expect 'up' /vrf-launch -c /tmp/conf up
as_nobody() { run setpriv --reuid 65534 --regid 65534 --clear-groups /vrf-launch -c /tmp/conf down; }
as_nobody
equal 'who may not read what was noted' "$status$err" '111vrf-launch: cannot read /run/vrf-launch: EACCES (permission denied)'
mv /run/vrf-launch /tmp/noted
chmod 755 /run # as it is elsewhere: without a place for notes, down goes by the file
as_nobody
equal 'exit code' "$status" 111
equal 'errors' "$(echo "$err" | grep -c '^vrf-launch: cannot del link dev [ab]: EPERM')" 2
equal 'advice, once' "$(echo "$err" | grep -c '^vrf-launch: this needs root, or CAP_NET_ADMIN')" 1
equal 'they are there' "$(ip -o link show | grep -cE ' (a|b): ')" 2
mv /tmp/noted /run/vrf-launch
expect 'down' /vrf-launch -c /tmp/conf down
equal 'they are gone' "$(ip -o link show | grep -cE ' (a|b): ')" 0

case_ no_room_for_what_is_noted
cat >/tmp/conf <<'END'
auto red
iface red
    vrf-table 20
    post-down : >/tmp/post-down
auto eth0
iface eth0
    address 10.20.30.40/24
    vrf red
END
state >/tmp/before
mkdir -p /run/vrf-launch
mount -t tmpfs -o size=4k,mode=755 tmpfs /run/vrf-launch
echo full >/run/vrf-launch/full
run /vrf-launch -c /tmp/conf up
equal 'exit code' "$status" 111
equal 'message' "$err" 'vrf-launch: cannot write /run/vrf-launch: ENOSPC (no space left)'
same_state 'nothing is left of it' /tmp/before
run /vrf-launch -c /tmp/conf down
equal 'that it is down cannot be noted' "$status$err" '111vrf-launch: cannot write /run/vrf-launch: ENOSPC (no space left)'
expect 'and its line is carried out all the same' test -e /tmp/post-down
rm /run/vrf-launch/full
expect 'with room again, up' /vrf-launch -c /tmp/conf up
expect 'down' /vrf-launch -c /tmp/conf down
same_state 'down restores' /tmp/before
umount /run/vrf-launch

# As the first process of a machine without a console has it. What is opened next must not stand in for them.
case_ streams_that_are_closed_are_no_files
rm -r /run/vrf-launch # notes of other configurations
for verbose in '' -v; do
    expect 'up' /vrf-launch -c /tmp/conf up
    sort /run/vrf-launch/net-* >/tmp/noted
    expect 'down' /vrf-launch -c /tmp/conf down
    /vrf-launch $verbose -c /tmp/conf up <&- >&- 2>&-
    equal 'up' $? 0
    equal 'what is noted' "$(sort /run/vrf-launch/net-*)" "$(cat /tmp/noted)"
    /vrf-launch $verbose nosuch -- true <&- >&- 2>&-
    equal 'an error' $? 100
    # shellcheck disable=SC2016 # for the shell inside
    /vrf-launch $verbose --bind seccomp red -- /busybox/sh -c 'for n in 0 1 2; do [ ! -e /proc/$$/fd/$n ] || exit $((n + 10)); done' <&- >&- 2>&-
    equal 'they stay closed' $? 0
    /vrf-launch $verbose -c /tmp/conf down <&- >&- 2>&-
    equal 'down' $? 0
    same_state 'down restores' /tmp/before
done

case_ ipv6_that_is_switched_off_keeps_nobody_from_ipv4
cat >/tmp/conf <<'END'
auto eth0
iface eth0
    address 10.20.30.40/24
    address fd20::40/64
    address fd20::41/64
    gateway 10.20.30.1
    gateway fd20::1
    vrf red
iface red
    vrf-table 20
END
state >/tmp/before
sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
run /vrf-launch -c /tmp/conf up
equal 'exit code' "$status" 111
equal 'each line that cannot be' "$(echo "$err" | sed -n 's/^vrf-launch: //; s/: EACCES.*//p')" \
    '/tmp/conf:4: cannot add address fd20::40/64 dev eth0
/tmp/conf:5: cannot add address fd20::41/64 dev eth0
/tmp/conf:7: cannot add route default via fd20::1 dev eth0 vrf red metric 1 onlink (IPv6)'
match 'and why' "$err" 'IPv6 is switched off there \(disable_ipv6\), or in the kernel \(ipv6.disable\); the rest is done$'
expect 'the rest is there' sh -c 'ip -4 addr show dev eth0 master red up | grep -q 10.20.30.40/24 && ip route show vrf red default | grep -q 10.20.30.1'
run /vrf-launch -c /tmp/conf up
equal 'again' "$status" 111
sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0
run /vrf-launch -c /tmp/conf up
equal 'and when it is switched on' "$status$out$err" 0
expect 'it is whole' sh -c 'ip -6 addr show dev eth0 master red | grep -q fd20::41/64'
expect 'down' /vrf-launch -c /tmp/conf down
same_state 'nothing is left' /tmp/before
