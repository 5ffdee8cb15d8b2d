#!/bin/sh
# `vrf-launch VRF -- COMMAND`: what the command finds, what it is bound to, and what the launcher answers.
# processors: all
# modules: vrf
# kernels: all
# timeout: 120
for pair in mgmt=10 other=20 up=30; do
    name=${pair%=*}
    ip link add name "$name" type vrf table "${pair#*=}"
    ip link set dev "$name" up
    ip addr add 127.0.0.1/8 dev "$name"
    ip addr add ::1/128 dev "$name"
done

# bound PORT DEVICE: the listeners on PORT, of both families, are bound to DEVICE
bound() {
    soon sh -c "[ \$(ss -Hltn 'sport = $1' | grep -c '%$2:$1') = 2 ]"
}
listen() {
    port=$1
    shift
    background "$@" /usr/bin/socat TCP4-LISTEN:"$port",reuseaddr -
    background "$@" /usr/bin/socat TCP6-LISTEN:"$port",reuseaddr,ipv6-v6only=1 -
}

case_ pid_is_the_launchers
run sh -c 'echo $$; exec /vrf-launch mgmt -- sh -c "echo \$\$"'
equal 'exit code' "$status" 0
equal 'twice the same PID' "$(echo "$out" | sed -n 1p)" "$(echo "$out" | sed -n 2p)"
background /vrf-launch mgmt -- sleep 100
soon sh -c "grep -q sleep /proc/$pid/cmdline" || fail 'the PID is not of the command'

case_ command_is_found_by_path
run /vrf-launch mgmt sh -c 'echo "$0 $1"' a b
equal 'without --' "$out" 'a b'
run env PATH=/busybox /vrf-launch mgmt -- echo here
equal 'PATH of the environment' "$out" here

case_ arguments_are_unchanged
arguments() {
    "$@" sh -c 'cat /proc/$$/cmdline; true' '' --help -- up "$(printf 'a\377\376b')" 'a  b' '$HOME'
}
arguments env >/tmp/direct
arguments /vrf-launch mgmt -- >/tmp/launched
expect 'there are some' test -s /tmp/direct
expect 'they are the same' cmp /tmp/direct /tmp/launched

case_ environment_is_unchanged
environment() {
    env -i 'BASH_FUNC_greet%%=() {  echo hello; }' 'a b=c d' 'EMPTY=' "BYTES=$(printf '\377\376\001')" 'LISTEN_FDS=1' \
        VRF_LAUNCH=x "$@" /busybox/cat /proc/self/environ
}
environment >/tmp/direct
environment /vrf-launch mgmt -- >/tmp/launched
expect 'there is one' grep -q BASH_FUNC_greet%% /tmp/direct
expect 'it is the same' cmp /tmp/direct /tmp/launched
run env -i /vrf-launch mgmt -- /busybox/env
equal 'an empty one stays empty' "$status$out" 0

case_ process_state_is_unchanged
# Signals blocked and ignored, identity, capabilities, limits, umask, open files, folder. Not by way of a shell: dash
# unblocks all signals.
odd_state() {
    for look in 'cat /proc/self/status' 'cat /proc/self/limits' 'cat /proc/self/oom_score_adj' 'ls /proc/self/fd' pwd; do
        # shellcheck disable=SC2086 # words
        (
            cd /tmp || exit
            umask 027
            exec 7</etc/passwd
            ulimit -n 333
            ulimit -l 64
            exec env --ignore-signal=HUP,USR1,PIPE --block-signal=USR2,TERM,CHLD "$@" /busybox/$look
        )
    done | grep -Ev '^(Pid|Tgid|NSpid|NStgid|NSpgid|NSsid|PPid|Vm.*|Rss.*|Hugetlb.*|.*ctxt_switches|Mems_.*|Speculation.*|x86_.*|SigQ):'
}
odd_state >/tmp/direct
odd_state /vrf-launch --isolation bind mgmt -- >/tmp/launched
expect 'signals are blocked and ignored' grep -q 'SigBlk:.*[1-9a-f]' /tmp/direct
expect 'it is the same at bind' diff /tmp/direct /tmp/launched
odd_state /vrf-launch --keep-fd 7 mgmt -- | grep -v '^Seccomp' >/tmp/launched
sed -i '/^Seccomp/d' /tmp/direct
expect 'and at guard, but for the filter' diff /tmp/direct /tmp/launched

case_ sockets_of_both_families_are_bound
listen 7001 /vrf-launch mgmt --
expect 'to the VRF' bound 7001 mgmt
background /vrf-launch mgmt -- sh -c '/usr/bin/socat TCP4-LISTEN:7002 - & /usr/bin/socat TCP6-LISTEN:7002,ipv6-v6only=1 - & wait'
expect 'those of its children too' bound 7002 mgmt

case_ ip_vrf_and_we_see_each_others_processes
background ip vrf exec mgmt sleep 100
before=$pid
sleep 0.5
background /vrf-launch mgmt -- sleep 100
ours=$pid
sleep 0.5
background ip vrf exec mgmt sleep 100
after=$pid
soon sh -c "grep -q sleep /proc/$after/cmdline" || fail 'ip vrf exec does not work after us'
soon sh -c "grep -q sleep /proc/$ours/cmdline" || fail 'we do not work after ip vrf exec'
for process in $before $ours $after; do
    equal 'ip vrf identify' "$(ip vrf identify "$process")" mgmt
    equal 'vrf-launch identify' "$(/vrf-launch identify "$process")" mgmt
done
wanted=$(printf '%s\n' "$before" "$ours" "$after" | sort -n)
equal 'vrf-launch pids' "$(/vrf-launch pids mgmt | awk '{ print $1 }' | sort -n)" "$wanted"
equal 'ip vrf pids' "$(ip vrf pids mgmt | awk '{ print $1 }' | sort -n)" "$wanted"
equal 'the same output' "$(/vrf-launch pids mgmt)" "$(ip vrf pids mgmt)"
equal 'nothing in the other VRF' "$(/vrf-launch pids other)" ''

case_ ip_vrf_exec_and_we_share_a_cgroup
listen 7003 ip vrf exec mgmt
listen 7004 /vrf-launch mgmt --
listen 7005 ip vrf exec mgmt
listen 7006 /vrf-launch mgmt --
for port in 7003 7004 7005 7006; do
    expect "sockets on $port are bound" bound $port mgmt
done

case_ identify_without_pid_is_about_the_caller
equal 'inside' "$(/vrf-launch mgmt -- /vrf-launch identify)" mgmt
equal 'outside' "$(/vrf-launch identify)" "$(ip vrf identify)"
equal 'as ip does, inside' "$(ip vrf exec mgmt /vrf-launch identify)" mgmt

case_ launches_nest_and_default_leaves
equal 'another VRF from inside one' "$(/vrf-launch mgmt -- /vrf-launch other -- ip vrf identify)" other
equal 'default' "$(/vrf-launch mgmt -- /vrf-launch default -- ip vrf identify)" ''
listen 7007 /vrf-launch mgmt -- /vrf-launch other --
expect 'sockets follow' bound 7007 other
listen 7008 /vrf-launch mgmt -- /vrf-launch default --
soon sh -c "[ \$(ss -Hltn 'sport = 7008' | grep -c :7008) = 2 ]" || fail 'no listeners'
refuse 'in default they are not bound' sh -c "ss -Hltn 'sport = 7008' | grep %"
run /vrf-launch default -- true
equal 'default where we are already' "$status$out$err" 0

case_ commands_exit_code_is_ours
run /vrf-launch mgmt -- sh -c 'exit 42'
equal 'its own' "$status" 42
run /vrf-launch mgmt -- true
equal 'success' "$status" 0
run sh -c '/vrf-launch mgmt -- sh -c "kill -TERM \$\$"'
equal 'a signal' "$status" 143

case_ exit_codes_of_a_command_that_does_not_start
run /vrf-launch mgmt -- /no/such/command
equal 'not found' "$status" 127
match 'message' "$err" '^vrf-launch: .*/no/such/command'
equal 'one line' "$(echo "$err" | wc -l)" 1
run /vrf-launch mgmt -- no-such-command
equal 'not found in PATH' "$status" 127
match 'message' "$err" '^vrf-launch: .*no-such-command'
run /vrf-launch mgmt -- /etc/passwd
equal 'not executable' "$status" 126
match 'message' "$err" '^vrf-launch: .*/etc/passwd'
run /vrf-launch mgmt -- /etc
equal 'a folder' "$status" 126
run env PATH=/tmp/empty:/usr/bin /vrf-launch mgmt -- true
equal 'true is of busybox alone' "$status" 127

case_ usage_errors
for words in '' 'mgmt' 'mgmt --' '--no-such-option mgmt -- true' '--isolation sometimes mgmt -- true' '--bind glue mgmt -- true'; do
    # shellcheck disable=SC2086 # words
    run /vrf-launch $words
    equal "exit code of <$words>" "$status" 100
    match "message of <$words>" "$err" '^vrf-launch: '
    equal "nothing on standard output of <$words>" "$out" ''
done

case_ vrf_with_the_name_of_a_command
equal 'up, with --' "$(/vrf-launch up -- ip vrf identify)" up
listen 7009 /vrf-launch up --
expect 'bound' bound 7009 up

case_ vrf_that_is_nowhere
run /vrf-launch nowhere -- echo started
equal 'exit code' "$status" 100
equal 'it is not started' "$out" ''
match 'it lists the VRFs there are' "$err" '^vrf-launch: .*nowhere'
for name in mgmt other up; do
    match "it lists $name" "$err" "$name"
done
run /vrf-launch lo -- echo started
equal 'an interface that is no VRF' "$status$out" 100

case_ vrf_of_the_configuration_is_brought_up_first
cat >/tmp/conf <<'EOF'
auto new
iface new
    vrf-table 77
EOF
run /vrf-launch -c /tmp/conf new -- ip vrf identify
equal 'it runs there' "$status$out$err" 0new
equal 'the table' "$(ip -d -j link show new | jq '.[0].linkinfo.info_data.table')" 77
match 'the rules' "$(ip -6 rule)" '^0:.*l3mdev.* unreachable'
mkdir -p /etc/network
cp /tmp/conf /etc/network/interfaces
sed -i 's/new/newer/; s/77/78/' /etc/network/interfaces
run /vrf-launch newer -- ip vrf identify
equal 'from the default file' "$status$out$err" 0newer

case_ recreated_vrf_is_bound_by_its_new_index
run /vrf-launch other -- true
ip link del other
ip link add other type vrf table 20
ip link set other up
listen 7010 /vrf-launch other --
expect 'bound' bound 7010 other
