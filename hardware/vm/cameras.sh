#!/bin/bash
# In the guest: cameras of the kernel (vivid, and a USB camera on vhci-hcd) through camera-probe. Each check says
# "ok" or "BAD"; the status is 0 only when all are ok. Nothing waits "long enough": each step waits for the line of the
# probe that it needs, for the guest runs many times slower than a real machine. Started by run-cameras.
export LD_LIBRARY_PATH=/payload/lib
bad=0
log=/tmp/probe.txt

# start ARGUMENTS...: a probe in the background; finish: its end, and its lines into the transcript.
start() { echo "\$ camera-probe $*"; : >$log; ./camera-probe "$@" >>$log 2>&1 & probe=$!; }
finish() { kill -TERM $probe; wait $probe 2>/dev/null; sed 's/^/    /' $log; }
note() { echo "-- $*" >>$log; }
has() { grep -qE -- "$1" $log; }
hasnot() { ! has "$1"; }
times() { [ "$(grep -cE -- "$1" $log)" = "$2" ]; }
value() { grep -oE "summary.* $1 [0-9]+" $log | grep -oE '[0-9]+$'; }
# until_seen PATTERN: waits for a line behind the last note, a minute at most.
until_seen() { for _ in $(seq 300); do sed '0,/^-- '"$noted"'/d' $log | grep -qE -- "$1" && return 0; sleep 0.2; done; note "no line '$1' came"; return 1; }
act() { noted=$*; note "$noted"; }
check() { what=$1; shift; if "$@" >/dev/null 2>&1; then echo "ok: $what"; else echo "BAD: $what"; bad=$((bad + 1)); fi; }
# A thread that spins shows in every second of the fault; one quiet second shows that none does.
quiet() { [ "$(sed -n '/failed/,/recovered/p' $log | grep -oE 'processor [0-9]+' | grep -oE '[0-9]+' | sort -n | head -1)" -le 20 ]; }
frames='frames [1-9]'

load_vivid() { modprobe -r vivid 2>/dev/null; modprobe vivid n_devs=1 node_types=0x1 input_types=0x0 "$@"; udevadm settle; device=$(ls /dev/video* | head -1); }
vivid_control() { act "$1"; v4l2-ctl -d "$device" -c "$1" >/dev/null 2>&1; }

vivid_formats() {
    load_vivid multiplanar=1
    for format in yuyv nv12 gray; do
        act start; start $device 320x180 25 $format brightness=77; note start
        until_seen "$frames"; until_seen 'frames [0-9]+ corrupt 0.*' ; finish
        check "$format is given as asked, and frames come" has "opened 320x180 [A-Z0-9]+ at 25.0/s from vivid vivid$"
        check "$format: frames come" has "$frames"
        check "$format: none is damaged" [ "$(value corrupt)" = 0 ]
        check "$format: the times are the driver's" [ "$(value driver-times)" = "$(value taken)" ]
        check "$format: the control is set" sh -c "v4l2-ctl -d $device -C brightness | grep -q 77"
    done
    act start; start $device 1000x700 60 jpeg brightness=999 no_such=1; note start
    until_seen 'opened'; finish
    check 'another size, format and rate are told' has 'size 1280x720 instead of 1000x700, format YUYV instead of jpeg, rate [0-9.]+/s instead of 60.0/s'
    check 'a control out of range is told' has 'control brightness refused: 999'
    check 'an unknown control is told' has 'control no_such refused'
    load_vivid multiplanar=2
    act start; start $device 320x180 25 yuyv; note start
    until_seen "$frames"; finish
    check 'a multi-planar device gives frames' has "$frames"
    check 'and none is damaged' [ "$(value corrupt)" = 0 ]
}

vivid_faults() {
    load_vivid multiplanar=1
    act start; start $device 320x180 25 yuyv; note start
    until_seen "$frames"
    vivid_control inject_fatal_streaming_error=1
    until_seen 'recovered'; finish
    check 'a fatal streaming error is an I/O fault, told once' times 'failed \(io\)' 1
    check 'the camera is opened again' has 'recovered after'

    act start; start $device 320x180 25 yuyv; note start
    until_seen "$frames"
    vivid_control disconnect=1
    until_seen 'recovered'; finish
    check 'a disconnected device is gone, told once' times 'failed ' 1
    check 'and comes back' has 'recovered after'

    v4l2-ctl -d $device -c percentage_of_dropped_buffers=50 >/dev/null
    act start; start $device 320x180 25 yuyv; note start
    until_seen 'lost [1-9]'; finish
    check 'frames that the driver drops are counted as lost' has 'lost [1-9]'
    v4l2-ctl -d $device -c percentage_of_dropped_buffers=0 >/dev/null

    v4l2-ctl -d $device --set-fmt-video=width=320,height=180 --stream-mmap --stream-count=100000 >/dev/null 2>&1 & other=$!
    until fuser -s $device 2>/dev/null || [ -n "$(ls -l /proc/$other/fd 2>/dev/null | grep video)" ]; do sleep 0.2; done; sleep 2
    act start; start $device 320x180 25 yuyv; note start
    until_seen 'failed'; until_seen 'reopenings 4'
    act 'the other program ends'; kill $other; wait $other 2>/dev/null
    until_seen 'recovered'; finish
    check 'a camera in use is busy, told once' times 'failed \(busy\)' 1
    check 'it is taken when it is free' has 'recovered after'
    check 'nothing spins meanwhile' quiet
    modprobe -r vivid
}

usb=/dev/v4l/by-id/usb-Gatehouse_Gate_USB_camera_0-video-index0
plug() { ./usbcam 0 10 "$@" 2>/dev/null & camera=$!; }
unplug() { kill -9 $camera; wait $camera 2>/dev/null; }
until_there() { until [ -e $usb ]; do sleep 0.2; done; }
until_away() { while [ -e $usb ]; do sleep 0.2; done; }

usb_unplugged() {
    modprobe vhci-hcd
    plug small*.jpg; until_there
    act start; start $usb 640x480 10 jpeg; note start
    until_seen "$frames"
    act 'the plug is pulled'; unplug
    until_seen 'failed'; until_away; until_seen 'reopenings 5'
    act 'it is put in again'; plug small*.jpg
    until_seen 'recovered'; until_seen "$frames"
    act 'pulled once more'; unplug
    until_seen 'failed'; until_away
    act 'and put in again'; plug small*.jpg
    until_seen 'recovered'; finish
    check 'a USB camera gives JPEG as asked' has 'opened 640x480 MJPG at 10.0/s from uvcvideo Gate USB camera[^;]*$'
    check 'each pulling is told once or, gone and then absent, twice' [ "$(grep -c 'failed ' $log)" -ge 2 -a "$(grep -c 'failed ' $log)" -le 4 ]
    check 'as gone, absent or failing' [ "$(grep 'failed ' $log | grep -cvE 'failed \((gone|absent|io)\)')" = 0 ]
    check 'it recovers each time' times 'recovered after' 2
    check 'the mode is told once' times 'opened ' 1
    check 'nothing spins meanwhile' quiet
}

usb_frozen() {
    act start; start $usb 640x480 10 jpeg; note start
    until_seen "$frames"
    act 'the camera freezes'; kill -USR1 $camera
    until_seen 'failed'; until_seen 'reopenings 2'
    act 'and thaws'; kill -USR1 $camera
    until_seen 'recovered'; finish
    check 'a frozen camera is stalled, told once' times 'failed \(stalled\)' 1
    check 'and nothing else' times 'failed ' 1
    check 'it recovers' has 'recovered after'
    check 'nothing spins meanwhile' quiet
    unplug; until_away
}

usb_torn() {
    head -c 3000 small0.jpg >torn.jpg
    plug small0.jpg torn.jpg small1.jpg; until_there
    act start; start $usb 640x480 10 jpeg; note start
    until_seen 'corrupt [1-9]'; until_seen 'frames [1-9][0-9]* corrupt [1-9]'; finish
    check 'torn pictures are counted' [ "$(value corrupt)" -gt 0 ]
    check 'and stop nothing' has 'reopenings 0 events 1 '
    check 'no damaged picture gets through' hasnot 'got through'
    unplug; until_away
    plug torn.jpg; until_there
    act start; start $usb 640x480 10 jpeg; note start
    until_seen 'failed'; until_seen 'reopenings 2'; finish
    check 'a camera that gives torn pictures only is corrupt, told once' times 'failed \(corrupt\)' 1
    check 'and nothing else' times 'failed ' 1
    unplug; until_away
}

converted() {
    modprobe v4l2loopback video_nr=50 exclusive_caps=1 2>/dev/null; udevadm settle
    ./rawfeed /dev/video50 320 240 10 >/tmp/feed.txt 2>&1 & feeder=$!
    for _ in $(seq 100); do v4l2-ctl -d /dev/video50 --list-formats 2>/dev/null | grep -q UYVY && break; sleep 0.2; done
    cat /tmp/feed.txt
    act start; start /dev/video50 320x240 10 jpeg; note start
    until_seen "$frames"
    act 'the feeder dies'; kill -9 $feeder; wait $feeder 2>/dev/null
    until_seen 'failed'; finish
    check 'a format that Imaging does not know is converted' has 'opened 320x240 UYVY'
    check 'frames come' has "$frames"
    check 'none is damaged' [ "$(value corrupt)" = 0 ]
    check 'a feeder that dies is a fault' has 'failed \((stalled|io|unsupported|busy)\)'
    modprobe -r v4l2loopback
}

replayed() {
    mkdir -p folder; cp small*.jpg folder; head -c 3000 small0.jpg >folder/small3-torn.jpg
    act start; start folder 640x480 20 jpeg; note start
    until_seen 'corrupt [1-9]'; finish
    check 'a folder is played' has "$frames"
    check 'its torn picture is counted and stops nothing' has 'reopenings 0 events 1 '
}

for scenario in ${*:-converted vivid_formats vivid_faults usb_unplugged usb_frozen usb_torn replayed}; do
    echo "== $scenario"
    $scenario
done
[ $bad = 0 ] && echo "all ok" || echo "$bad BAD"
exit $((bad > 0))
