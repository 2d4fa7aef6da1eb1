# Models of a fit (rnnfit --json) as functions of the length.
def value($target; $quantity; $n):
    [.models[] | select(.target == $target and .quantity == $quantity)][0].segments as $s |
    if $s == null then 0 else
        ([$s[] | select($n <= .to)] + [$s[-1]])[0] | .intercept + .slope * $n + (.quadratic // 0) * $n * $n
    end;

# Energy of the device for one request of length n over a link of rtt seconds, up and down in bit/s, J.
def cloud_energy($n; $rtt; $up; $down):
    value("cloud"; "e0_j"; $n) +
    value("cloud"; "p_tx_w"; $n) * value("cloud"; "bytes_up"; $n) * 8 / $up +
    value("cloud"; "p_rx_w"; $n) * value("cloud"; "bytes_down"; $n) * 8 / $down +
    value("cloud"; "p_wait_w"; $n) * ($rtt + value("cloud"; "remote_s"; $n));
