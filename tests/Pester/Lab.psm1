# Two hosts, each a network namespace, joined by two links; and pwsh sessions that live inside them.

$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true

$module = (Resolve-Path (Join-Path $PSScriptRoot '../../MptTools.psd1')).Path
$addresses = @{
    a = @{ Tunnel = '10.0.0.2'; eth1 = '10.1.1.2'; eth2 = '10.2.2.2' }
    b = @{ Tunnel = '10.0.0.3'; eth1 = '10.1.1.3'; eth2 = '10.2.2.3' }
}

# Why there can be no lab here; nothing where there can.
function Get-LabObstacle {
    if (-not $IsLinux) { return 'network namespaces are a part of Linux' }
    if ((id -u) -ne '0') { return 'not run as root' }
    if (-not (Get-Command ip -CommandType Application -ErrorAction Ignore)) { return 'the program ip (iproute2) is not installed' }
    if (-not (Test-Path /dev/net/tun)) { return 'there is no /dev/net/tun' }
}

# Sees to it that a program is there, which root may install; nothing, or why it is not there.
function Install-LabProgram([string] $Program, [string] $Package) {
    if (Get-Command $Program -CommandType Application -ErrorAction Ignore) { return }
    $missing = "the program $Program is not there; install the package $Package"
    if ((id -u) -ne '0' -or -not (Get-Command apt-get -CommandType Application -ErrorAction Ignore)) { return $missing }
    $PSNativeCommandUseErrorActionPreference = $false
    $env:DEBIAN_FRONTEND = 'noninteractive'
    $null = apt-get -q update 2>&1
    $said = apt-get -q install -y --no-install-recommends $Package 2>&1
    if (-not (Get-Command $Program -CommandType Application -ErrorAction Ignore)) { "$missing (apt-get: $($said | Select-Object -Last 1))" }
}

function New-Lab {
    param([Parameter(Mandatory)] [string] $Name)

    $lab = [pscustomobject]@{
        Hosts     = @{ a = "mpt-$Name-$PID-a"; b = "mpt-$Name-$PID-b" }
        Directory = (New-Item -ItemType Directory (Join-Path ([IO.Path]::GetTempPath()) "mpt-$Name-$PID") -Force).FullName
        Sessions  = [Collections.Generic.List[object]]::new()
    }
    try {
        foreach ($namespace in $lab.Hosts.Values) {
            ip netns add $namespace
            ip -n $namespace link set lo up
        }
        foreach ($link in 'eth1', 'eth2') {
            ip link add $link netns $lab.Hosts.a type veth peer name $link netns $lab.Hosts.b
            foreach ($side in 'a', 'b') {
                ip -n $lab.Hosts.$side address add "$($addresses.$side.$link)/24" dev $link
                ip -n $lab.Hosts.$side link set $link up
            }
        }
        foreach ($side in 'a', 'b') { New-LabConfig $lab $side }
    }
    catch {
        Remove-Lab $lab
        throw
    }
    $lab
}

function New-LabConfig($Lab, [string] $Side) {
    $here = $addresses.$Side
    $other = $Side -eq 'a' ? 'b' : 'a'
    $there = $addresses.$other
    $directory = Join-Path $Lab.Directory $Side
    $null = New-Item -ItemType Directory (Join-Path $directory connections) -Force
    @"
[general]
tunnel_num = 1
accept_remote = 0
cmdport_local = 60456
cmd_timeout = 5
[tun_0]
name = tun0
mtu = 1440
ipv4_addr = $($here.Tunnel)/24
"@ | Set-Content (Join-Path $directory interface.conf)
    $paths = foreach ($n in 1, 2) {
        @"
[path_$($n - 1)]
interface_name = eth$n
ip_ver = 4
public_ipaddr = $($here."eth$n")
gw_ipaddr = $($here."eth$n")
remote_ipaddr = $($there."eth$n")
keepalive_time = 0.2
dead_time = 1
weight_out = $n
status = 0
"@
    }
    @"
[connection]
name = peer
permission = 3
ip_ver = 4
ip_local = $($here.Tunnel)
local_port = 23456
ip_remote = $($there.Tunnel)
remote_port = 23456
remote_cmd_port = 60456
path_count = 2
network_count = 0
status = 0
reorder_window = 100
auth_type = 0
$($paths -join "`n")
"@ | Set-Content (Join-Path $directory connections/peer.conf)
}

# Ends all sessions and takes everything away, whatever state it is in.
function Remove-Lab {
    param([Parameter(Mandatory)] $Lab)

    foreach ($session in $Lab.Sessions) { $null = Exit-LabSession $session }
    $PSNativeCommandUseErrorActionPreference = $false
    foreach ($namespace in $Lab.Hosts.Values) {
        $left = ip netns pids $namespace 2>$null
        if ($left) { Stop-Process -Id $left -Force -ErrorAction Ignore }
        ip netns delete $namespace 2>$null
    }
    Remove-Item $Lab.Directory -Recurse -Force -ErrorAction Ignore
}

# A program in a host of the lab, its streams in our hands.
function Start-LabProgram {
    param($Lab, [string] $Side, [string[]] $Command)

    $start = [Diagnostics.ProcessStartInfo]::new('ip')
    foreach ($word in @('netns', 'exec', $Lab.Hosts.$Side) + $Command) { $start.ArgumentList.Add($word) }
    $start.RedirectStandardInput = $start.RedirectStandardOutput = $start.RedirectStandardError = $true
    $start.Environment['NO_COLOR'] = '1'
    $session = [pscustomobject]@{ Process = [Diagnostics.Process]::Start($start); Errors = $null }
    $session.Errors = $session.Process.StandardError.ReadToEndAsync()
    $Lab.Sessions.Add($session)
    $session
}

# A pwsh with the module loaded. It keeps its variables and jobs from one Invoke-Lab to the next.
function Enter-LabSession {
    param($Lab, [string] $Side)

    Start-LabProgram $Lab $Side @(
        (Get-Process -Id $PID).Path, '-NoProfile', '-NonInteractive', '-File', (Join-Path $PSScriptRoot Session.ps1), $module)
}

# Ends a session as the end of its script does; gives the exit code.
function Exit-LabSession {
    param($Session)

    if (-not $Session.Process.HasExited) {
        $Session.Process.StandardInput.Close()
        if (-not $Session.Process.WaitForExit(20000)) { $Session.Process.Kill($true) }
        $Session.Process.WaitForExit()
    }
    $Session.Process.ExitCode
}

# Runs a script in a session; what it gives crosses as JSON, and its first error becomes one here, with the same id.
function Invoke-Lab {
    param($Session, [string] $Script, [int] $Seconds = 30)

    $Session.Process.StandardInput.WriteLine([Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($Script)))
    do {
        # What a script writes to the host (-WhatIf does) comes before the answer.
        $line = $Session.Process.StandardOutput.ReadLineAsync()
        if (-not $line.Wait([TimeSpan]::FromSeconds($Seconds))) { throw "No answer within $Seconds s to: $Script" }
        if ($null -eq $line.Result) { throw "The session has ended at: $Script`n$($Session.Errors.Result)" }
    } until ($line.Result.StartsWith('answer: '))
    $result = $line.Result.Substring(8) | ConvertFrom-Json
    if ($result.PSObject.Properties['Error']) {
        $failure = [Management.Automation.ErrorRecord]::new(
            [InvalidOperationException]::new($result.Error), $result.Id, [Management.Automation.ErrorCategory] $result.Category, $null)
        if ($result.Action) {
            $failure.ErrorDetails = [Management.Automation.ErrorDetails]::new($result.Error)
            $failure.ErrorDetails.RecommendedAction = $result.Action
        }
        throw $failure
    }
    $result.Result
}

# Repeats a script in a session until it gives something true.
function Wait-Lab {
    param($Session, [string] $Script, [int] $Seconds = 20)

    $limit = [DateTime]::UtcNow.AddSeconds($Seconds)
    while (-not (Invoke-Lab $Session $Script)) {
        if ([DateTime]::UtcNow -gt $limit) { throw "Not true within $Seconds s: $Script" }
    }
}

# What a server that has stopped must have left as it was.
function Get-LabState {
    param($Lab, [string] $Side)

    $namespace = $Lab.Hosts.$Side
    @(
        ip -n $namespace -br link | ForEach-Object { ($_ -split '\s+')[0] }
        ip -n $namespace rule
        ip -n $namespace -6 rule
        # The kernel's own routes come and go with addresses that are still being tested.
        ip -n $namespace route show table all | Where-Object { $_ -notmatch 'proto kernel|^multicast' }
    ) -join "`n"
}

Export-ModuleMember -Function *-Lab*
