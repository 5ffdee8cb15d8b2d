#!/bin/sh
# s6 supervises services in a VRF, by the service folders of initramfs/s6.
#
#   lan  10.20.30.1 ── eth0 (mgmt)    eth1 (main) ── net  203.0.113.1
# kernels: debian-6.1
# modules: vrf dummy
# programs: s6-svscan s6-supervise s6-svc s6-svscanctl s6-svstat s6-svwait s6-svlisten1 s6-ftrigrd s6-notifyoncheck s6-permafailon s6-log execlineb fdmove redirfd
# timeout: 120
far lan eth0 10.20.30.1/24
far net eth1 203.0.113.1/24
on net ip route add 10.20.30.0/24 via 203.0.113.40
ln -s /vrf-launch /usr/sbin/vrf-launch
cat >/etc/vrf-launch.conf <<'END'
auto mgmt
iface mgmt
    vrf-table 10
auto eth0
iface eth0
    address 10.20.30.40/24
    vrf mgmt
auto eth1
iface eth1
    address 203.0.113.40/24
END
vrf-launch up || fail up
mkdir -p /etc/ssh /var/log
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/key
printf '%s\n' 'HostKey /etc/ssh/key' 'PidFile none' >/etc/ssh/sshd_config
scan=/run/service
mkdir -p $scan
# The shell has these two ignored by what it starts in the background.
env --default-signal=INT,QUIT setsid s6-svscan $scan >/tmp/svscan 2>&1 </dev/null &

# service NAME SCRIPT [OPTION]...: one that runs that shell script in the VRF, started
service() {
    mkdir -p /tmp/"$1"
    echo 3 >/tmp/"$1"/notification-fd
    cp /initramfs/s6/sshd/finish /tmp/"$1"
    printf '%s\n' "$2" >/tmp/"$1"/script
    name_=$1
    shift 2
    cat >/tmp/"$name_"/run <<END
#!/bin/sh
echo >>starts
exec vrf-launch $* mgmt -- /bin/sh script
END
    chmod 755 /tmp/"$name_"/run
    cp -r /tmp/"$name_" $scan
    s6-svscanctl -a $scan
    soon test -p $scan/"$name_"/supervise/control || fail "$name_ is not supervised"
}
is() {
    s6-svstat -o "$2" $scan/"$1"
}
starts() {
    wc -l <$scan/"$1"/starts
}
ready() {
    expect "$1 is ready" s6-svwait -U -t 20000 $scan/"$1"
}
banner() {
    on "$1" nc -w 10 "$2" 22 </dev/null 2>/tmp/said | head -n 1
}

case_ the_daemon_is_in_the_vrf_and_supervised
# All of it at once: s6-svscan may look just now, and a service that it sees without its log gets none.
mkdir $scan/.new
cp -r /initramfs/s6/sshd $scan/.new/sshd
cp -r /initramfs/s6/sshd-log $scan/.new/sshd/log
mv $scan/.new/sshd $scan
s6-svscanctl -a $scan
soon test -p $scan/sshd/supervise/control
ready sshd
first=$(is sshd pid)
equal 'its program' "$(readlink "/proc/$first/exe")" /usr/sbin/sshd
equal 'the VRF' "$(ip vrf identify "$first")" mgmt
parent=$(awk '{ print $4 }' "/proc/$first/stat")
equal 'its parent' "$(cat "/proc/$parent/comm")" s6-supervise
equal 'which is in none' "$(ip vrf identify "$parent")" ''
match 'it answers the management LAN' "$(banner lan 10.20.30.40)" '^SSH-2.0-OpenSSH'
for address in 10.20.30.40 203.0.113.40; do
    equal "and nobody else, $address" "$(banner net $address)" ''
done
soon test -s /var/log/sshd/current # the logger is a program of its own
match 'what it says is logged' "$(cat /var/log/sshd/current)" '^@[0-9a-f]* Server listening on'

case_ restarts_stay_in_it
s6-svc -r $scan/sshd
expect 'again' soon sh -c "[ \"\$(s6-svstat -o pid $scan/sshd)\" -gt $first ]"
ready sshd
second=$(is sshd pid)
equal 'the VRF' "$(ip vrf identify "$second")" mgmt
kill -9 "$second"
expect 'and again' soon sh -c "[ \"\$(s6-svstat -o pid $scan/sshd)\" -gt $second ]"
ready sshd
equal 'the VRF still' "$(ip vrf identify "$(is sshd pid)")" mgmt
match 'it answers' "$(banner lan 10.20.30.40)" '^SSH-2.0-OpenSSH'
expect 'down' s6-svc -wD -T 5000 -d $scan/sshd
equal 'nobody is left in the VRF' "$(ip vrf pids mgmt)" ''

case_ ready_is_what_the_daemon_says
service tells 'sleep 2; echo >&3; exec 3>&-; exec sleep 1000' --keep-fd 3
expect 'it runs' s6-svwait -u -t 5000 $scan/tells
equal 'not ready yet' "$(is tells ready)" false
ready tells
service mute 'echo >&3; exec sleep 1000'
expect 'it runs' s6-svwait -u -t 5000 $scan/mute
refuse 'without --keep-fd nobody hears it' s6-svwait -U -t 2000 $scan/mute

case_ signals_arrive
service traps 'for s in HUP USR1 USR2 INT QUIT WINCH; do trap "echo $s >>heard" $s; done; echo >&3; while :; do sleep 0.1; done' --keep-fd 3
ready traps
before=$(is traps pid)
for signal in h 1 2 i q y; do
    s6-svc -$signal $scan/traps
    sleep 0.5
done
equal 'each' "$(tr '\n' ' ' <$scan/traps/heard)" 'HUP USR1 USR2 INT QUIT WINCH '
equal 'PID' "$(is traps pid)" "$before"
expect 'TERM ends it' s6-svc -wD -T 5000 -d $scan/traps

case_ a_wrong_configuration_is_not_tried_again
echo 'iface' >/tmp/wrong.conf
service wrong 'exec sleep 1000' -c /tmp/wrong.conf
sleep 3
equal 'its exit code' "$(is wrong exitcode)" 100
equal 'wanted up' "$(is wrong wantedup)" false
equal 'starts' "$(starts wrong)" 1

case_ what_the_kernel_refuses_is_tried_again
cat >/tmp/late.conf <<'END'
iface mgmt
    vrf-table 10
    requires eth7
END
vrf-launch down mgmt || fail down
service late 'exec sleep 1000' -c /tmp/late.conf --wait 0
more() { [ "$(starts late)" -ge 3 ]; }
expect 'it is' soon more
equal 'wanted up' "$(is late wantedup)" true
ip link add eth7 type dummy
expect 'then it runs' soon sh -c "ip vrf pids mgmt | grep sleep"
