#!/bin/bash
# barrier.sh [keep]   one barrier on the kernel's simulated lines (gpio-sim), driven by the real gatehoused.
#
# Run it as root in a virtual machine with Linux 5.17 or later, never at a gate. It plays the outside world through the
# pulls of the simulated inputs and looks at the simulated relays. With "keep" a released output holds its level, as
# many controllers do; that needs a gpio-sim with such a parameter. Exit status 0 only if everything was as it must be.
set -u
here=$(cd "$(dirname "$0")" && pwd)
export LD_LIBRARY_PATH=$here/lib
keep=${1:-}
declare -A line
failures=0
log=/tmp/gatehoused.log
: > $log

# --- the simulated cabinet
make_chip() { # LABEL NAME...
    local label=$1 offset=0 name dir=/sys/kernel/config/gpio-sim/$1 sys; shift
    mkdir "$dir" "$dir/bank0"; echo $# > "$dir/bank0/num_lines"; echo "$label" > "$dir/bank0/label"
    for name; do
        mkdir "$dir/bank0/line$offset"; echo "$name" > "$dir/bank0/line$offset/name"; offset=$((offset + 1))
    done
    echo 1 > "$dir/live"
    sys=/sys/devices/platform/$(cat "$dir/dev_name")/$(cat "$dir/bank0/chip_name"); offset=0
    for name; do line[$name]=$sys/sim_gpio$offset; offset=$((offset + 1)); done
}
modprobe gpio-sim ${keep:+keep=1} || { echo "no gpio-sim${keep:+ with keep}: nothing to test on"; exit 2; }
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
make_chip inputs fire loop safety beam up down
make_chip relays watchdog raise lower stop lamp

mkfifo /tmp/nap.$$ && exec {idle}<> /tmp/nap.$$ && rm /tmp/nap.$$
nap() { read -rt "$1" -u "$idle" || :; } # sleeps without starting a program
now() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 1000)); }
began=$(now)
say() { printf '%7d ms  %s\n' $(($(now) - began)) "$*"; }
closed() { for n; do echo pull-up > "${line[$n]}/pull"; done; }      # current flows
open() { for n; do echo pull-down > "${line[$n]}/pull"; done; }      # contact open, or wire broken
value() { local v; read -r v < "${line[$1]}/value"; echo "$v"; }
relays() { echo "raise $(value raise) lower $(value lower) stop $(value stop) lamp $(value lamp)"; }
step() { echo; say "--- $*"; }
ok() { say "ok      $*"; }
bad() { say "FAILED  $* ($(relays))"; failures=$((failures + 1)); }
wait_for() { # LINE VALUE MILLISECONDS TEXT
    local end=$(($(now) + $3)) v=
    while [ "$(now)" -le $end ]; do
        read -r v < "${line[$1]}/value"
        [ "$v" = "$2" ] && { ok "$4"; return 0; }
        nap 0.005
    done
    bad "$4: $1 is $v after $3 ms"; return 1
}
holds() { # LINE VALUE MILLISECONDS TEXT
    local end=$(($(now) + $3)) v
    while [ "$(now)" -le $end ]; do
        read -r v < "${line[$1]}/value"
        [ "$v" = "$2" ] || { bad "$4: $1 became $v"; return 1; }
        nap 0.005
    done
    ok "$4"
}
beats() { # counts changes of the heartbeat in one second
    local end=$(($(now) + 1000)) v last= count=-1
    while [ "$(now)" -le $end ]; do
        read -r v < "${line[watchdog]}/value"; [ "$v" = "$last" ] || { count=$((count + 1)); last=$v; }
        nap 0.01
    done
    echo $count
}
at_rest() { # TEXT
    [ "$(value raise)$(value lower)$(value stop)$(value lamp)" = 0000 ] && ok "$1" || bad "$1"
}
# Looks every 2 ms and writes each change of a motion relay with its time: the witness of what was on together.
record() {
    local r=${line[raise]}/value l=${line[lower]}/value s=${line[stop]}/value a b c last=
    while :; do
        read -r a < "$r"; read -r b < "$l"; read -r c < "$s"
        [ "$a$b$c" = "$last" ] && { nap 0.002; continue; }
        last=$a$b$c; echo "$(($(now) - began)) $last"
    done
}
start() {
    "$here/gatehoused" --config "$here/config" >> $log 2>&1 & daemon=$!
    local end=$(($(now) + 30000))
    until "$here/gatectl" status > /tmp/status 2>&1; do
        [ "$(now)" -gt $end ] && { bad "gatehoused does not answer"; cat $log; exit 1; }
        sleep 0.2
    done
    ok "gatehoused runs"
}
ctl() { "$here/gatectl" "$@" --as E017 2>&1 | sed 's/^/            gatectl: /'; }
stopped() { open up; closed down; sleep 0.3; }

# --- rest: boom down, nothing anywhere, no fire
closed fire safety beam down; open loop up
say "Linux $(uname -r), $(modinfo -F version gpio-sim 2>/dev/null) released outputs ${keep:-fall to their pull}"
record > /tmp/record & recorder=$!
trap 'kill $recorder ${daemon:-} 2>/dev/null' EXIT

step "start: nothing moves, the heartbeat beats"
start
at_rest "every relay at rest after the start"
n=$(beats); [ "$n" -ge 8 ] && ok "heartbeat changes $n times in a second" || bad "heartbeat changes $n times a second"

step "a vehicle comes; a named guard opens"
closed loop; sleep 0.5
at_rest "arrival alone moves nothing"
ctl open lane1
wait_for raise 1 3000 "raise energised" ; holds lower 0 200 "lower stays at rest"
open down; sleep 1; closed up
wait_for raise 0 1000 "raise at rest once the boom is up"

step "it drives through; the boom waits for it, and for the clearance time after it"
open safety beam; sleep 0.3; open loop; holds lower 0 3000 "not lowered while safety loop and photocell are occupied"
closed beam safety
holds lower 0 1400 "not lowered within the clearance time"
wait_for lower 1 4000 "lower energised after it"

step "something comes under the lowering boom"
open up; sleep 0.4
t=$(($(now) - began)); open safety
wait_for lower 0 1000 "lower at rest"; wait_for raise 1 2000 "raise energised after the dead time"
echo "            times after the safety loop's edge, in ms (raise lower stop):"
awk -v t=$t '$1 >= t - 50 { printf "            %+6d  %s\n", $1 - t, $2 }' /tmp/record
closed up; wait_for raise 0 1000 "up again, raise at rest"
closed safety; wait_for lower 1 6000 "lower energised when all was clear again"
open up; sleep 1; closed down; wait_for lower 0 1000 "down, lower at rest"

step "the wire of the safety loop breaks"
open safety; closed loop; sleep 0.5; ctl open lane1; wait_for raise 1 3000 "the lane can still be opened"
open down; sleep 0.5; closed up; open loop
holds lower 0 5000 "and is not lowered: a broken wire reads as occupied"
closed safety; wait_for lower 1 6000 "mended, it is lowered"; open up; sleep 0.5; closed down; sleep 0.5

step "a loose contact of the photocell flaps as fast as this shell can"
( end=$(($(now) + 4000)); while [ "$(now)" -le $end ]; do
    for i in 1 2 3 4 5 6 7 8; do echo pull-down > "${line[beam]}/pull"; echo pull-up > "${line[beam]}/pull"; done
done ) & flapper=$!
sleep 1.5; n=$(beats); [ "$n" -ge 8 ] && ok "meanwhile the heartbeat changes $n times in a second" || bad "heartbeat changes $n times a second"
"$here/gatectl" status | grep -i beam | sed 's/^/            /'
wait $flapper; closed beam; sleep 8
"$here/gatectl" status | sed 's/^/            /'; ctl clear-fault lane1

step "an assertion ends by itself: the boom reaches no limit switch"
closed loop; sleep 0.3; ctl open lane1; wait_for raise 1 3000 "raise energised"
open down; wait_for raise 0 6000 "raise at rest after its longest assertion"
sleep 3; "$here/gatectl" status | sed 's/^/            /'
closed up; open loop; sleep 0.5; ctl clear-fault lane1; sleep 0.5; ctl close lane1
wait_for lower 1 6000 "after the fault was cleared by name and a close by name it is lowered" && { open up; sleep 0.5; closed down; }
sleep 0.5

step "SIGTERM while the raise relay is energised"
closed loop; sleep 0.3; ctl open lane1; wait_for raise 1 3000 "raise energised"
kill -TERM $daemon; wait $daemon; ok "gatehoused ended with status $?"
at_rest "every relay at rest"; open loop; stopped
start; at_rest "every relay at rest after the restart"

step "the loop hangs (SIGSTOP) while the raise relay is energised"
closed loop; sleep 0.3; ctl open lane1; wait_for raise 1 3000 "raise energised"
kill -STOP $daemon
holds raise 1 5000 "NOBODY rests the relay: it stays energised beyond its longest assertion"
n=$(beats); [ "$n" = 0 ] && ok "the heartbeat stands: the watchdog relay takes the power" || bad "heartbeat changes $n times"
kill -CONT $daemon; wait_for raise 0 1000 "continued, the overdue relay goes to rest at once"
open loop; closed up; open down; sleep 1; kill -TERM $daemon; wait $daemon; stopped; start

step "kill -9 while the raise relay is energised"
closed loop; sleep 0.3; ctl open lane1; wait_for raise 1 3000 "raise energised"
kill -9 $daemon; wait $daemon 2>/dev/null; sleep 0.5
if [ -n "$keep" ]; then
    holds raise 1 2000 "lines that keep their level: raise STAYS energised, nothing of ours can rest it"
else
    holds raise 0 2000 "lines that fall to their pull: raise is at rest"
fi
n=$(beats); [ "$n" = 0 ] && ok "the heartbeat stands: the watchdog relay takes the power" || bad "heartbeat changes $n times"
open loop; start; at_rest "the first request after the restart puts every relay to rest"
"$here/gatectl" journal verify --config "$here/config" 2>&1 | sed 's/^/            /'

step "fire, while the boom is lowered"
stopped; closed loop; sleep 0.3; ctl open lane1; wait_for raise 1 3000 "raise energised"
open down; sleep 0.5; closed up; open safety; sleep 0.3; open loop; sleep 0.3; closed safety
wait_for lower 1 6000 "lower energised"; open up; sleep 0.5
t=$(($(now) - began)); open fire
wait_for lower 0 1000 "lower at rest"; wait_for raise 1 2000 "raise energised after the dead time"
echo "            times after the fire contact's edge, in ms (raise lower stop):"
awk -v t=$t '$1 >= t - 50 { printf "            %+6d  %s\n", $1 - t, $2 }' /tmp/record
closed up; sleep 1; closed fire; sleep 2
holds lower 0 4000 "fire over: the boom stays up until a reset by name"
kill -9 $daemon; wait $daemon 2>/dev/null
start; sleep 1; "$here/gatectl" status | sed 's/^/            /'
holds lower 0 2000 "killed and started again: the emergency stands"
ctl emergency reset; holds lower 0 3000 "after the reset nothing closes by itself"

step "a line that another program holds, and a chip that goes away"
kill -TERM $daemon; wait $daemon; stopped
if command -v gpioset > /dev/null; then
    gpioset --mode=signal relays 4=0 & holder=$!; sleep 0.5
    start; grep -m1 "already used" $log | sed 's/^/            /' || bad "the holder is not named"
    kill $holder; wait $holder 2>/dev/null; sleep 2
    grep -q "'lamp' answers again" $log && ok "freed, the line is taken" || bad "the line was not taken"
else
    start
fi
echo 0 > /sys/kernel/config/gpio-sim/inputs/live; sleep 2
"$here/gatectl" status | sed 's/^/            /'
kill -0 $daemon && ok "gatehoused lives on without its input chip"
echo 1 > /sys/kernel/config/gpio-sim/inputs/live
sys=/sys/devices/platform/$(cat /sys/kernel/config/gpio-sim/inputs/dev_name)/$(cat /sys/kernel/config/gpio-sim/inputs/bank0/chip_name)
offset=0; for name in fire loop safety beam up down; do line[$name]=$sys/sim_gpio$offset; offset=$((offset + 1)); done
closed fire safety beam down; sleep 6
"$here/gatectl" status | sed 's/^/            /'

step "never raise and lower together, in the whole run"
n=$(awk 'substr($2, 1, 2) == "11"' /tmp/record | wc -l)
[ "$n" = 0 ] && ok "$(wc -l < /tmp/record) changes recorded, none with both" || bad "$n moments with both"
kill -TERM $daemon; wait $daemon; at_rest "every relay at rest at the end"
echo; echo "log of gatehoused:"; sed 's/^/    /' $log
echo; [ $failures = 0 ] && echo "everything as it must be" || echo "$failures FAILED"
exit $((failures > 0))
