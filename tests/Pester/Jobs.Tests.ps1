# A server as a job, and whole servers: that what they say of themselves is true, whatever becomes of them.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $obstacle = Get-LabObstacle
}

BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $manifest = (Resolve-Path $PSScriptRoot/../../MptTools.psd1).Path

    # A second server for host a, with a tunnel of its own.
    function New-SecondConfig($Lab) {
        $directory = Join-Path $Lab.Directory second
        Copy-Item (Join-Path $Lab.Directory a) $directory -Recurse
        foreach ($file in Get-ChildItem $directory -Filter *.conf -Recurse) {
            (Get-Content $file -Raw) -replace 'tun0', 'tun1' -replace '10\.0\.0\.', '10.0.9.' -replace '23456', '23457' -replace '= 60456', '= 60457' | Set-Content $file -NoNewline
        }
        $directory
    }

    # A hook that waits for a line in a pipe when something happens.
    function Add-WaitingHook($Lab, [string] $Directory, [string] $What) {
        $null = New-Item -ItemType Directory (Join-Path $Directory hooks)
        $pipe = Join-Path $Lab.Directory pipe
        mkfifo $pipe
        Set-Content (Join-Path $Directory hooks/10-wait) "#!/bin/sh`n[ `"`$MPT_PHASE `$MPT_EVENT`" = '$What' ] && { : > $pipe.waiting; read line < $pipe; }`nexit 0"
        chmod 755 (Join-Path $Directory hooks/10-wait)
        (Get-Content (Join-Path $Directory interface.conf)) -replace '^cmd_timeout', "hook_timeout = 600`ncmd_timeout" | Set-Content (Join-Path $Directory interface.conf)
        $pipe
    }

    # Begins a command in a runspace of its own, as a console that somebody sits at; $command then is what Ctrl-C stops.
    function Start-Command($Session, [string] $Command) {
        $null = Invoke-Lab $Session "`$command = [powershell]::Create().AddScript({ Import-Module '$manifest'; $Command }); `$running = `$command.BeginInvoke()"
    }
}

Describe 'The job of a server' -Skip:([bool] $obstacle) {
    BeforeAll {
        $lab = New-Lab jobs
        $a = Enter-LabSession $lab a
        $other = Enter-LabSession $lab a
        $config = Join-Path $lab.Directory a
        $before = Get-LabState $lab a
        $start = "`$job = Start-MptServer '$config'"
    }

    AfterEach {
        $null = Invoke-Lab $a 'Get-Job | Remove-Job -Force'
        Get-LabState $lab a | Should -Be $before
    }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    It 'is not there when the start fails, for <Why>' -ForEach @(
        @{ Why = 'a device of that name'; Break = { ip -n $lab.Hosts.a link add tun0 type veth peer name tun0peer }; Heal = { ip -n $lab.Hosts.a link delete tun0 }; Id = 'NotStarted'; Message = 'tun0' }
        @{ Why = 'a hook that says no'; Id = 'NotStarted'; Message = 'not today'
            Break = {
                $null = New-Item -ItemType Directory (Join-Path $config hooks)
                Set-Content (Join-Path $config hooks/no) "#!/bin/sh`necho not today >&2`nexit 3"
                chmod 755 (Join-Path $config hooks/no)
            }
            Heal = { Remove-Item (Join-Path $config hooks) -Recurse }
        }
        @{ Why = 'a fault in the files'; Id = 'InvalidConfiguration'; Message = 'cmd_timeout'
            Break = { (Get-Content $config/interface.conf) -replace '^cmd_timeout = 5', 'cmd_timeout = 0' | Set-Content $config/interface.conf }
            Heal = { (Get-Content $config/interface.conf) -replace '^cmd_timeout = 0', 'cmd_timeout = 5' | Set-Content $config/interface.conf }
        }
    ) {
        & $Break
        try {
            $failure = { Invoke-Lab $a $start } | Should -Throw -PassThru
            $failure.FullyQualifiedErrorId | Should -BeLike "$Id,*StartMptServerCommand"
            $failure.Exception.Message | Should -Match $Message
            Invoke-Lab $a 'Get-Job | Select-Object Name' | Should -BeNullOrEmpty
        }
        finally {
            & $Heal
        }
    }

    It 'is Failed with the reason when the server dies, and nothing is left of it' {
        $null = Invoke-Lab $a $start
        ip -n $lab.Hosts.a link delete tun0
        Invoke-Lab $a '"$((Wait-Job $job).State)"' | Should -Be Failed
        Invoke-Lab $a '"$($job.JobStateInfo.Reason.Message)"; $job.StatusMessage' | Should -Be (@('The tunnel device tun0 was removed from the system.') * 2)
        $failure = { Invoke-Lab $a 'Receive-Job $job -ErrorAction Stop' } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'ServerDied*'
        $failure.Exception.Message | Should -Match 'tun0 was removed'
        Invoke-Lab $other 'Get-MptServer' | Should -BeNullOrEmpty
        # Neither stopping nor removing it makes a success of it.
        Invoke-Lab $a 'Stop-Job $job; "$($job.State)"' | Should -Be Failed
        Invoke-Lab $a 'Remove-Job $job; (Get-Job).Count' | Should -Be 0
    }

    It 'keeps its events with Receive-Job -Keep, and gives them once without' {
        $null = Invoke-Lab $a $start
        $null = Invoke-Lab $a 'Stop-Job $job'
        $kept = Invoke-Lab $a '(Receive-Job $job -Keep).Kind'
        $kept | Should -Contain ServerStarted
        $kept[-1] | Should -Be ServerStopped
        Invoke-Lab $a '$job.HasMoreData' | Should -BeTrue
        Invoke-Lab $a '(Receive-Job $job).Kind' | Should -Be $kept
        Invoke-Lab $a 'Receive-Job $job; $job.HasMoreData' | Should -BeFalse
    }

    It 'is waited for as long as the server runs' {
        $null = Invoke-Lab $a $start
        Invoke-Lab $a 'Wait-Job $job -Timeout 1' | Should -BeNullOrEmpty
        $null = Invoke-Lab $other 'Stop-MptServer -Confirm:$false'
        Invoke-Lab $a '"$((Wait-Job $job).State)"' | Should -Be Stopped
    }

    It 'is only removed by force while the server runs, and the server goes with it' {
        $null = Invoke-Lab $a $start
        $failure = { Invoke-Lab $a 'Remove-Job $job -ErrorAction Stop' } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike '*RemoveJobCommand'
        (Invoke-Lab $other 'Get-MptServer').Name | Should -Be tun0
        Invoke-Lab $a 'Remove-Job $job -Force; (Get-Job).Count' | Should -Be 0
        Invoke-Lab $other 'Get-MptServer' | Should -BeNullOrEmpty
    }

    It 'cannot be suspended or resumed, and says what can be done instead' {
        $null = Invoke-Lab $a $start
        { Invoke-Lab $a 'Suspend-Job $job -ErrorAction Stop' } | Should -Throw
        Invoke-Lab $a 'try { $job.SuspendJob() } catch { "$_" }; try { $job.StartJob() } catch { "$_" }' | Should -Match 'Stop-Job|Start-MptServer'
    }
}

Describe 'Leaving pwsh' -Skip:([bool] $obstacle) {
    BeforeAll {
        $lab = New-Lab leave
        $before = Get-LabState $lab a
    }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    It 'by <How> stops the server cleanly' -ForEach @(
        @{ How = 'exit'; ExitCode = 7 }
        @{ How = 'SIGTERM'; ExitCode = 143 }
        @{ How = 'SIGHUP'; ExitCode = 129 }
    ) {
        $session = Enter-LabSession $lab a
        $null = Invoke-Lab $session "Start-MptServer '$(Join-Path $lab.Directory a)'"
        Get-LabState $lab a | Should -Not -Be $before
        switch ($How) {
            exit { $session.Process.StandardInput.WriteLine([Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes('exit 7'))) }
            SIGTERM { kill -s TERM $session.Process.Id }
            SIGHUP { kill -s HUP $session.Process.Id }
        }
        $session.Process.WaitForExit(20000) | Should -BeTrue
        $session.Process.ExitCode | Should -Be $ExitCode
        Get-LabState $lab a | Should -Be $before
    }
}

Describe 'Two servers in one pwsh' -Skip:([bool] $obstacle) {
    BeforeAll {
        $lab = New-Lab twins
        $second = New-SecondConfig $lab
        $a = Enter-LabSession $lab a
        $other = Enter-LabSession $lab a
        $before = Get-LabState $lab a
    }

    BeforeEach {
        $null = Invoke-Lab $a "`$jobs = '$(Join-Path $lab.Directory a)', '$second' | Start-MptServer"
    }

    AfterEach {
        $null = Invoke-Lab $a 'Get-Job | Remove-Job -Force'
        Get-LabState $lab a | Should -Be $before
    }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    It 'are chosen by -Server' {
        (Invoke-Lab $other 'Get-MptServer').Name | Should -Be tun0, tun1
        foreach ($name in 'tun0', 'tun1') {
            (Invoke-Lab $a "Get-MptConnection -Server $name").Server | Should -Be $name
            (Invoke-Lab $other "Get-MptPath -Server $name").Server | Should -Be $name, $name
        }
        (Invoke-Lab $a 'Get-MptServer | Get-MptPath -Index 0').Server | Should -Be tun0, tun1
        $null = Invoke-Lab $a 'Set-MptPath -Server tun1 peer 0 Down'
        Invoke-Lab $a '(Get-MptPath -Server tun0).Detail -contains "TakenDown"; (Get-MptPath -Server tun1)[0].Detail' | Should -Be $false, TakenDown
    }

    It 'are not chosen for whoever names none' {
        foreach ($command in 'Get-MptPath', 'Stop-MptServer -Confirm:$false', 'Restart-MptServer -Confirm:$false', 'Import-MptConfig') {
            $failure = { Invoke-Lab $other $command } | Should -Throw -PassThru
            $failure.FullyQualifiedErrorId | Should -BeLike 'SeveralServers,*'
            $failure.Exception.Message | Should -Match 'tun0, tun1'
        }
        (Invoke-Lab $other 'Get-MptServer').Name | Should -Be tun0, tun1
    }

    It 'are stopped one by one, and the other goes on' {
        Invoke-Lab $a 'Stop-MptServer tun1 -Confirm:$false'
        Invoke-Lab $a '$jobs.State | ForEach-Object ToString' | Should -Be Running, Stopped
        (Invoke-Lab $other 'Get-MptServer').Name | Should -Be tun0
    }

    It 'are stopped by <How>' -ForEach @(
        @{ How = 'a pattern'; Command = 'Stop-MptServer tun* -Confirm:$false' }
        @{ How = '-Name'; Command = 'Stop-MptServer -Name tun0, tun1 -Confirm:$false' }
        @{ How = 'names from the pipeline'; Command = '"tun0", "tun1" | Stop-MptServer -Confirm:$false' }
        @{ How = 'objects from the pipeline'; Command = 'Get-MptServer | Stop-MptServer -Confirm:$false' }
        @{ How = 'their jobs'; Command = '$jobs | Stop-MptServer -Confirm:$false' }
    ) {
        Invoke-Lab $a $Command | Should -BeNullOrEmpty
        Invoke-Lab $a '$jobs.State | ForEach-Object ToString' | Should -Be Stopped, Stopped
        Invoke-Lab $other 'Get-MptServer' | Should -BeNullOrEmpty
    }

    It 'are stopped though one named before them is not there' {
        $ids = Invoke-Lab $a 'Stop-MptServer tun9, tun1 -Confirm:$false -ErrorVariable failures -ErrorAction SilentlyContinue; $failures | ForEach-Object FullyQualifiedErrorId'
        $ids | Should -BeLike 'NoServer,*StopMptServerCommand'
        (Invoke-Lab $other 'Get-MptServer').Name | Should -Be tun0
    }

    It 'tell with -PassThru what they were' {
        $last = Invoke-Lab $a 'Stop-MptServer tun1 -PassThru -Confirm:$false'
        $last.Name | Should -Be tun1
        $last.ConfigDirectory | Should -Be $second
    }

    It 'are stopped only when somebody has said yes' {
        # Nobody is there to say so in a pwsh that is not interactive.
        $failure = { Invoke-Lab $a 'Stop-MptServer tun0 -ErrorAction Stop' } | Should -Throw -PassThru
        $failure.Exception.Message | Should -Match 'NonInteractive'
        $null = Invoke-Lab $a 'Stop-MptServer tun* -WhatIf; Restart-MptServer tun* -WhatIf'
        (Invoke-Lab $other 'Get-MptServer').Name | Should -Be tun0, tun1
    }
}

Describe 'Start-MptServer' -Skip:([bool] $obstacle) {
    BeforeAll {
        $lab = New-Lab start
        $second = New-SecondConfig $lab
        $a = Enter-LabSession $lab a
    }

    AfterEach { $null = Invoke-Lab $a 'Get-Job | Remove-Job -Force' }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    It 'starts what it can of the directories in the pipeline' {
        $names = Invoke-Lab $a "(Get-Item '$second'), '/nonexistent', '$(Join-Path $lab.Directory a)' | Start-MptServer -ErrorVariable failures -ErrorAction SilentlyContinue | ForEach-Object Server; `$failures.Count"
        $names | Should -Be tun1, tun0, 1
    }

    It 'starts a server again from what Get-MptServer has told of it' {
        $null = Invoke-Lab $a "`$job = Start-MptServer '$second'; `$was = Get-MptServer; Stop-Job `$job"
        Invoke-Lab $a '($was | Start-MptServer).Server' | Should -Be tun1
    }

    It 'starts nothing with -WhatIf' {
        Invoke-Lab $a "Start-MptServer '$second' -WhatIf; Get-MptServer" | Should -BeNullOrEmpty
    }
}

Describe 'Restart-MptServer' -Skip:([bool] $obstacle) {
    BeforeAll {
        $lab = New-Lab restart
        $a = Enter-LabSession $lab a
        $other = Enter-LabSession $lab a
        $config = Join-Path $lab.Directory a
    }

    AfterEach {
        foreach ($session in $a, $other) { $null = Invoke-Lab $session 'Get-Job | Remove-Job -Force' }
    }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    It 'starts a job of this PowerShell again, with its options and the files as they are now' {
        $null = Invoke-Lab $a "`$job = Start-MptServer '$config' -Name office -DisableOffload UdpGro -Threads 2"
        $before = Invoke-Lab $other 'Get-MptServer'
        (Get-Content $config/interface.conf) -replace '^mtu = 1440', 'mtu = 1400' | Set-Content $config/interface.conf
        $after = Invoke-Lab $a 'Restart-MptServer -Confirm:$false -PassThru'
        $after.Name | Should -Be tun0
        $after.StartedAt | Should -BeGreaterThan $before.StartedAt
        $after.Threads | Should -Be 2
        $after.DisabledOffloads | Should -Be UdpGro
        (Invoke-Lab $other 'Get-MptTunnel').Mtu | Should -Be 1400
        Invoke-Lab $a '(Get-Job office).State | ForEach-Object ToString' | Should -Be Stopped, Running
    }

    It 'leaves a server alone whose files have a fault by now' {
        $null = Invoke-Lab $a "`$job = Start-MptServer '$config'"
        $before = Invoke-Lab $other 'Get-MptServer'
        $good = Get-Content $config/interface.conf
        $good -replace '^mtu = .*', 'mtu = 1' | Set-Content $config/interface.conf
        try {
            $failure = { Invoke-Lab $a 'Restart-MptServer -Confirm:$false' } | Should -Throw -PassThru
        }
        finally {
            Set-Content $config/interface.conf $good
        }
        $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidConfiguration,*RestartMptServerCommand'
        $failure.Exception.Message | Should -Match 'goes on as it was(?s:.*)mtu'
        (Invoke-Lab $other 'Get-MptServer').StartedAt | Should -Be $before.StartedAt
    }

    It 'says so when a server does not come back' {
        $null = Invoke-Lab $a "`$job = Start-MptServer '$config'"
        $null = New-Item -ItemType Directory $config/hooks
        Set-Content $config/hooks/no "#!/bin/sh`n[ `$MPT_PHASE != pre ]"
        chmod 755 $config/hooks/no
        try {
            $failure = { Invoke-Lab $a 'Restart-MptServer -Confirm:$false' } | Should -Throw -PassThru
        }
        finally {
            Remove-Item $config/hooks -Recurse
        }
        $failure.FullyQualifiedErrorId | Should -BeLike 'NotStarted,*RestartMptServerCommand'
        $failure.Exception.Message | Should -Match 'was stopped and does not start again'
        Invoke-Lab $a 'Get-Job | ForEach-Object { "$($_.State)" }' | Should -Be Stopped
    }

    It 'says what to do about a server that nobody here can start again' {
        $null = Invoke-Lab $other "`$job = Start-MptServer '$config'"
        $failure = { Invoke-Lab $a 'Restart-MptServer -Confirm:$false' } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'CannotRestart,*RestartMptServerCommand'
        $failure.Exception.Message | Should -Match "process $($other.Process.Id)"
        Invoke-Lab $a 'Restart-MptServer -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable e; $e[0].ErrorDetails.RecommendedAction' |
            Should -Match "Stop-MptServer tun0; Start-MptServer $([regex]::Escape($config))"
        Invoke-Lab $other '"$($job.State)"' | Should -Be Running
    }

    It 'has systemd restart the service whose main process the server is: <Main>' -ForEach @(
        @{ Main = 'yes'; Expected = 'show --property=MainPID --value mpttools@office.service', 'restart mpttools@office.service' }
        @{ Main = 'no'; Expected = 'show --property=MainPID --value mpttools@office.service' }
    ) {
        # A mount namespace of its own has each session: there systemd seems to run, and the server to be its service.
        $session = Enter-LabSession $lab a
        $null = Invoke-Lab $other "`$job = Start-MptServer '$config'"
        $process = $other.Process.Id
        $bin = New-Item -ItemType Directory (Join-Path $lab.Directory "bin-$Main")
        Set-Content $bin/systemctl "#!/bin/sh`necho `"`$*`" >> $bin/calls`n[ `$1 = show ] && echo $($Main -eq 'yes' ? $process : 1)`nexit 0"
        chmod 755 $bin/systemctl
        Set-Content $bin/cgroup '0::/system.slice/system-mpttools.slice/mpttools@office.service'
        $null = Invoke-Lab $session @"
            mount -t tmpfs tmpfs /run; if (`$LASTEXITCODE) { throw 'No mount' }
            `$null = New-Item -ItemType Directory /run/systemd/system
            mount --bind $bin/cgroup /proc/$process/cgroup; if (`$LASTEXITCODE) { throw 'No mount' }
            `$env:PATH = '${bin}:' + `$env:PATH
            Restart-MptServer -Confirm:`$false -ErrorVariable failures -ErrorAction SilentlyContinue
"@
        Get-Content $bin/calls | Should -Be $Expected
        Invoke-Lab $session '$failures | ForEach-Object { ($_.FullyQualifiedErrorId -split ",")[0] }' | Should -Be ($Main -eq 'yes' ? $null : 'CannotRestart')
    }
}

Describe 'Ctrl-C' -Skip:([bool] $obstacle) {
    BeforeEach {
        $lab = New-Lab ctrlc
        $a = Enter-LabSession $lab a
        $other = Enter-LabSession $lab a
        $config = Join-Path $lab.Directory a
        $before = Get-LabState $lab a
        # Get-MptServer would ask one that is about to go.
        $gone = '-not [MptTools.Engine.ControlPlane.MptClient]::ListServers().Count'
    }

    AfterEach {
        if ($lab) { Remove-Lab $lab }
    }

    It 'ends <Command> while a hook thinks about it, and nothing is started' -ForEach @(
        @{ Command = 'Start-MptServer' }
        @{ Command = 'Start-MptServer -Wait' }
    ) {
        $pipe = Add-WaitingHook $lab $config 'pre tunnel-up'
        Start-Command $a "$Command -ConfigPath $config"
        Wait-Lab $a "Test-Path $pipe.waiting"
        # Who waits longer than a second is shown that; from then on it is another wait that has to end.
        Wait-Lab $a '$command.Streams.Progress.Count'
        Invoke-Lab $a '$command.Stop(); "$($command.InvocationStateInfo.State)"' | Should -Be Stopped
        # The hook still waits: without the stop the command would, too.
        sh -c "echo go > $pipe"
        Wait-Lab $a $gone
        Get-LabState $lab a | Should -Be $before
        Invoke-Lab $a '$command.Runspace.JobManager; Get-Job | Select-Object Name' | Should -BeNullOrEmpty
    }

    It 'ends Start-MptServer -Wait and its server' {
        Start-Command $a "Start-MptServer $config -Wait"
        Wait-Lab $a 'Get-MptServer | Select-Object Name'
        Invoke-Lab $a '$command.Stop(); "$($command.InvocationStateInfo.State)"' | Should -Be Stopped
        Wait-Lab $a $gone
        Get-LabState $lab a | Should -Be $before
    }

    It 'ends Start-MptServer -Wait while a hook holds up the server''s end, which comes all the same' {
        $pipe = Add-WaitingHook $lab $config 'post tunnel-down'
        Start-Command $a "Start-MptServer $config -Wait"
        Wait-Lab $a 'Get-MptServer | Select-Object Name'
        Invoke-Lab $a '$command.Stop(); "$($command.InvocationStateInfo.State)"' | Should -Be Stopped
        Wait-Lab $a "Test-Path $pipe.waiting"
        sh -c "echo go > $pipe"
        Wait-Lab $other $gone
        Get-LabState $lab a | Should -Be $before
    }

    It 'ends <Verb>-MptServer while a hook holds up the server''s end' -ForEach @(@{ Verb = 'Stop' }, @{ Verb = 'Restart' }) {
        $pipe = Add-WaitingHook $lab $config 'post tunnel-down'
        if ($Verb -eq 'Stop') {
            $null = Invoke-Lab $other "`$job = Start-MptServer $config"
            Start-Command $a "Stop-MptServer -Confirm:`$false"
        }
        else {
            Start-Command $a "`$job = Start-MptServer $config; Restart-MptServer -Confirm:`$false"
        }
        Wait-Lab $a "Test-Path $pipe.waiting"
        # Who waits longer than a second is shown that; from then on it is another wait that has to end.
        Wait-Lab $a '$command.Streams.Progress.Count'
        Invoke-Lab $a '$command.Stop(); "$($command.InvocationStateInfo.State)"' | Should -Be Stopped
        sh -c "echo go > $pipe"
        Wait-Lab $other $gone
        Get-LabState $lab a | Should -Be $before
    }
}
