#!/bin/sh
# runit supervises services in a VRF, by the service folder of initramfs/runit.
#
#   lan  10.20.30.1 ── eth0 (mgmt)
# kernels: debian-6.1
# modules: vrf dummy
# programs: runsvdir runsv sv svlogd
# timeout: 120
far lan eth0 10.20.30.1/24
ln -s /vrf-launch /usr/sbin/vrf-launch
cat >/etc/vrf-launch.conf <<'END'
auto mgmt
iface mgmt
    vrf-table 10
auto eth0
iface eth0
    address 10.20.30.40/24
    vrf mgmt
END
vrf-launch up || fail up
mkdir -p /etc/ssh /var/log
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/key
printf '%s\n' 'HostKey /etc/ssh/key' 'PidFile none' >/etc/ssh/sshd_config
export SVDIR=/run/service
mkdir -p $SVDIR
cp -r /initramfs/runit/sshd $SVDIR
# The shell has these two ignored by what it starts in the background.
env --default-signal=INT,QUIT setsid runsvdir $SVDIR >/tmp/runsvdir 2>&1 </dev/null &

# service NAME SCRIPT [OPTION]...: one that runs that shell script in the VRF
service() {
    mkdir -p /tmp/"$1"
    cp /initramfs/runit/sshd/finish /tmp/"$1"
    printf '%s\n' "$2" >/tmp/"$1"/script
    name_=$1
    shift 2
    cat >/tmp/"$name_"/run <<END
#!/bin/sh
echo >>starts
exec vrf-launch $* mgmt -- /bin/sh script
END
    chmod 755 /tmp/"$name_"/run
    mv /tmp/"$name_" $SVDIR
    expect "$name_ is supervised" eventually test -p $SVDIR/"$name_"/supervise/control
}
# runsvdir looks every five seconds
eventually() {
    soon "$@" || soon "$@"
}
pid_of() {
    cat $SVDIR/"$1"/supervise/pid
}
# runs_again NAME PROGRAM PID: the program runs, and is not that process (but for a moment, it may be ./finish)
runs_again() {
    [ "$(readlink "/proc/$(pid_of "$1")/exe")" = "$2" ] && [ "$(pid_of "$1")" != "$3" ]
}
starts() {
    wc -l <$SVDIR/"$1"/starts
}

case_ the_daemon_is_in_the_vrf_and_supervised
eventually test -p $SVDIR/sshd/supervise/control
expect 'it starts, and answers inside the VRF' sv -w 20 start sshd
first=$(pid_of sshd)
equal 'its program' "$(readlink "/proc/$first/exe")" /usr/sbin/sshd
equal 'the VRF' "$(ip vrf identify "$first")" mgmt
parent=$(awk '{ print $4 }' "/proc/$first/stat")
equal 'its parent' "$(cat "/proc/$parent/comm")" runsv
equal 'which is in none' "$(ip vrf identify "$parent")" ''
match 'it answers the management LAN' "$(on lan nc -w 10 10.20.30.40 22 </dev/null | head -n 1)" '^SSH-2.0-OpenSSH'
refuse 'and nobody outside' nc -w 10 127.0.0.1 22 </dev/null
match 'what it says is logged' "$(cat /var/log/sshd/current)" ' Server listening on'

case_ restarts_stay_in_it
expect 'restart' sv -w 20 restart sshd
second=$(pid_of sshd)
refuse 'another process' test "$second" = "$first"
equal 'the VRF' "$(ip vrf identify "$second")" mgmt
kill -9 "$second"
expect 'again' soon runs_again sshd /usr/sbin/sshd "$second"
expect 'it answers' sv -w 20 check sshd
equal 'the VRF still' "$(ip vrf identify "$(pid_of sshd)")" mgmt
expect 'down' sv -w 5 down sshd
equal 'nobody is left in the VRF' "$(ip vrf pids mgmt)" ''

case_ signals_arrive
service traps 'for s in HUP USR1 USR2 INT QUIT ALRM; do trap "echo $s >>heard" $s; done; echo up >heard; while :; do sleep 0.1; done'
soon test -s $SVDIR/traps/heard
before=$(pid_of traps)
for signal in hup 1 2 interrupt quit alarm; do
    sv $signal traps
    sleep 0.5
done
equal 'each' "$(tr '\n' ' ' <$SVDIR/traps/heard)" 'up HUP USR1 USR2 INT QUIT ALRM '
equal 'PID' "$(pid_of traps)" "$before"
expect 'TERM ends it' sv -w 5 down traps

case_ a_wrong_configuration_is_not_tried_again
echo 'iface' >/tmp/wrong.conf
service wrong 'exec sleep 1000' -c /tmp/wrong.conf
sleep 3
match 'its state' "$(sv status wrong)" '^down: '
equal 'starts' "$(starts wrong)" 1
rm /tmp/wrong.conf
cp /etc/vrf-launch.conf /tmp/wrong.conf
expect 'when it is put right' sv -w 5 up wrong
equal 'it runs in the VRF' "$(ip vrf identify "$(pid_of wrong)")" mgmt
sv -w 5 down wrong >/tmp/said

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
ip link add eth7 type dummy
expect 'then it runs' soon sh -c "ip vrf pids mgmt | grep sleep"
