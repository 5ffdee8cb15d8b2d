#!/bin/sh
# A service is in its VRF from its first instruction: a thousand that open sockets in the start code of their program.
# modules: vrf
# kernels: debian-6.1
# timeout: 180

case_ sockets_of_the_start_code_are_bound
ip link add mgmt index 7 type vrf table 10
{
    printf 'iface mgmt\n    vrf-table 10\n'
    for n in $(seq 1000); do
        printf 'auto s%s\nservice s%s\n    vrf mgmt\n    respawn no\n    output /tmp/bound\n    exec /usr/bin/first\n' "$n" "$n"
    done
} >/tmp/case
equal 'outside' "$(first)" '0 0'
run /vrf-launch -q -c /tmp/case run
equal 'exit code' "$status$err" 0
equal 'all are bound' "$(sort /tmp/bound | uniq -c | tr -s ' ')" ' 1000 7 7'

case_ and_so_is_a_command
for _ in $(seq 20); do /vrf-launch mgmt -- /usr/bin/first; done >/tmp/bound
equal 'all are bound' "$(sort /tmp/bound | uniq -c | tr -s ' ')" ' 20 7 7'
