# The module in a real pwsh, on two hosts with two links between them.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $obstacle = Get-LabObstacle
    if ($obstacle) { Write-Warning "The tests of running servers are skipped: $obstacle." }
}

Describe 'Two servers' -Skip:([bool] $obstacle) {
    BeforeAll {
        Import-Module $PSScriptRoot/Lab.psm1 -Force
        $lab = New-Lab two
        $a = Enter-LabSession $lab a
        $other = Enter-LabSession $lab a
        $b = Enter-LabSession $lab b
        $configA = Join-Path $lab.Directory a
        $before = Get-LabState $lab a
        $job = Invoke-Lab $a "`$job = Start-MptServer '$configA'; `$job | Select-Object Name, Server, State, PSJobTypeName"
        $null = Invoke-Lab $b "Start-MptServer '$(Join-Path $lab.Directory b)' -Name background | Select-Object Id"
        Wait-Lab $a '-not (Get-MptPath | Where-Object { $_.Status -eq "Down" -or $null -eq $_.RoundTripMilliseconds })'
    }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    It 'run as jobs whose state is that of the server' {
        $job.Name | Should -Be tun0
        $job.Server | Should -Be tun0
        $job.State | Should -Be Running
        $job.PSJobTypeName | Should -Be MptServer
        (Invoke-Lab $a 'Get-Job | Select-Object Name, State').State | Should -Be Running
        (Invoke-Lab $b 'Get-Job | Select-Object Name, State').Name | Should -Be background
    }

    It 'carry packets' {
        Invoke-Lab $a 'Test-Connection 10.0.0.3 -Count 5 -TimeoutSeconds 2 -Quiet' | Should -BeTrue
        (Invoke-Lab $a 'Get-MptPath | Measure-Object PacketsSent -Sum').Sum | Should -BeGreaterOrEqual 5
        (Invoke-Lab $b 'Get-MptConnection').PacketsReceived | Should -BeGreaterOrEqual 5
    }

    It 'are seen from any pwsh of their host, and only there' {
        $server = Invoke-Lab $other 'Get-MptServer'
        $server.Name | Should -Be tun0
        $server.ProcessId | Should -Be $a.Process.Id
        $server.ConfigDirectory | Should -Be $configA
        (Invoke-Lab $b 'Get-MptServer').ProcessId | Should -Be $b.Process.Id
    }

    It 'use all offloads that the kernel has unless told otherwise, and show them' {
        $server = Invoke-Lab $other 'Get-MptServer'
        $server.DisabledOffloads | Should -BeNullOrEmpty
        $server.Offloads | Should -Not -BeNullOrEmpty
        Invoke-Lab $other 'Get-MptServer | Format-List | Out-String -Width 200' |
            Should -Match "(?m)^Offloads\s+: $($server.Offloads -join ', ')\s*$"
    }

    It 'know their connections and who is at the other end' {
        Wait-Lab $other '(Get-MptConnection).Peer -eq "MptTools"'
        $connection = Invoke-Lab $other 'Get-MptConnection p*'
        $connection.Name | Should -Be peer
        $connection.LocalAddress | Should -Be 10.0.0.2
        $connection.RemoteAddress | Should -Be 10.0.0.3
        $connection.PathCount | Should -Be 2
        $connection.PathsUp | Should -Be 2
    }

    It 'know their paths' {
        $path = Invoke-Lab $other 'Get-MptPath -Interface eth2'
        $path.Connection | Should -Be peer
        $path.Index | Should -Be 1
        $path.LocalAddress | Should -Be 10.2.2.2
        $path.RemoteAddress | Should -Be 10.2.2.3
        $path.WeightOut | Should -Be 2
        $path.Status | Should -Be Up
        $path.Detail | Should -Be Up
    }

    It 'select paths by <Selection>' -ForEach @(
        @{ Selection = '-Connection pe*'; Expected = 'eth1', 'eth2' }
        @{ Selection = 'peer 1'; Expected = 'eth2' }
        @{ Selection = '-Index 0, 7'; Expected = 'eth1' }
        @{ Selection = '-Interface *2'; Expected = 'eth2' }
        @{ Selection = '-Status Up'; Expected = 'eth1', 'eth2' }
        @{ Selection = '-Status Down'; Expected = $null }
        @{ Selection = 'nob*'; Expected = $null }
    ) {
        (Invoke-Lab $other "Get-MptPath $Selection").Interface | Should -Be $Expected
    }

    It 'show their tunnel devices' {
        $tunnel = Invoke-Lab $other 'Get-MptTunnel tun*'
        $tunnel.Name | Should -Be tun0
        $tunnel.Server | Should -Be tun0
        $tunnel.IPv4 | Should -Be 10.0.0.2/24
        $tunnel.Mtu | Should -Be 1440
        $tunnel.PacketsRead | Should -BeGreaterThan 0
    }

    It 'pass objects from one cmdlet to the next' {
        (Invoke-Lab $other 'Get-MptServer | Get-MptConnection | Get-MptPath -Index 1').Interface | Should -Be eth2
        (Invoke-Lab $other 'Get-MptServer | Get-MptPath -Index 0').Interface | Should -Be eth1
        (Invoke-Lab $other '"peer" | Get-MptConnection').Name | Should -Be peer
        (Invoke-Lab $other 'Get-MptPath peer 0 | Get-MptConnection').Name | Should -Be peer
        (Invoke-Lab $other '"peer" | Restart-MptConnection -WhatIf *>&1; Get-MptPath peer 0 | Get-MptServer').Name | Should -Be tun0
        (Invoke-Lab $other 'Get-MptConnection | Get-MptServer').Name | Should -Be tun0
    }

    It 'stand for all their connections when piped as <What>' -ForEach @(
        @{ What = 'servers'; Command = 'Get-MptServer' }
        @{ What = 'jobs'; Command = 'Get-Job' }
        @{ What = 'tunnels'; Command = 'Get-MptTunnel' }
    ) {
        (Invoke-Lab $a "$Command | Get-MptConnection").Name | Should -Be peer
        (Invoke-Lab $a "$Command | Measure-MptConnection -Seconds 0.1").Connection | Should -Be peer
    }

    It 'take a path down and up, here and from a second pwsh' {
        $down = Invoke-Lab $a 'Get-MptPath -Interface eth2 | Set-MptPath -Status Down -PassThru'
        $down.Status | Should -Be Down
        $down.Detail | Should -Be TakenDown
        Invoke-Lab $a 'Test-Connection 10.0.0.3 -Count 2 -TimeoutSeconds 2 -Quiet' | Should -BeTrue

        $up = Invoke-Lab $other 'Get-MptPath | Where Status -eq Down | Set-MptPath -Status Up -PassThru'
        $up.Interface | Should -Be eth2
        Wait-Lab $a '-not (Get-MptPath -Status Down)'
    }

    It 'change nothing with -WhatIf' {
        $messages = Invoke-Lab $other 'Set-MptPath peer 0, 1 Down -WhatIf; Stop-MptServer -WhatIf; Get-MptPath -Status Down'
        $messages | Should -BeNullOrEmpty
    }

    It 'notice a link without carrier and its return' {
        ip -n $lab.Hosts.b link set eth2 down
        Wait-Lab $a '(Get-MptPath -Interface eth2).Detail -eq "InterfaceDown"'
        ip -n $lab.Hosts.b link set eth2 up
        Wait-Lab $a '-not (Get-MptPath -Status Down)'
    }

    It 'give their events through Receive-Job' {
        $events = Invoke-Lab $a '$global:events = @(Receive-Job $job -WarningVariable global:warned -WarningAction SilentlyContinue); $events'
        Invoke-Lab $a '@($events | Where-Object { $_ -isnot [MptTools.MptEventInfo] }).Count' | Should -Be 0
        $events.Kind | Should -Contain ServerStarted
        $taken = $events | Where-Object { $_.Kind -eq 'PathChanged' -and $_.Path -eq 1 } | Select-Object -First 1
        $taken.Connection | Should -Be peer
        $taken.Server | Should -Be tun0
        $taken.Message | Should -Match 'eth2'
        $carrier = $events | Where-Object NewState -EQ InterfaceDown | Select-Object -First 1
        $carrier.Level | Should -Be Warning
        $warned = Invoke-Lab $a '$warned.Message'
        $warned | Should -Contain $carrier.Message
        $byHand = $events | Where-Object NewState -EQ TakenDown | Select-Object -First 1
        $byHand.Level | Should -Be Notice
        $warned | Should -Not -Contain $byHand.Message
        Invoke-Lab $a 'Receive-Job $job' | Should -BeNullOrEmpty
    }

    It 'take the commands of existing servers by the alias mpt' {
        $lines = Invoke-Lab $other 'mpt path down 10.1.1.2 10.1.1.3; $LASTEXITCODE'
        $lines | Should -Be 'mpt configuration:', "`tLocal cmd port: 60456", "`tcmd timeout: 5", 'CMD_OK:path down 10.1.1.2 10.1.1.3', 0
        Invoke-Lab $other 'mpt -6 -60456 show status' | Should -Contain '     Path Status        : 131'
        $null = Invoke-Lab $other 'mpt path up 10.1.1.2 10.1.1.3'
        Wait-Lab $other '-not (Get-MptPath -Status Down)'
    }

    It 'complete names from the running server' {
        Invoke-Lab $other '(TabExpansion2 "Get-MptPath -Connection ").CompletionMatches.CompletionText' | Should -Be peer
        Invoke-Lab $other '(TabExpansion2 "Get-MptPath -Interface eth").CompletionMatches.CompletionText' | Should -Be eth1, eth2
        Invoke-Lab $other '(TabExpansion2 "Set-MptPath peer ").CompletionMatches.CompletionText' | Should -Be 0, 1
        Invoke-Lab $other '(TabExpansion2 "Get-MptPath -Index ").CompletionMatches.CompletionText' | Should -Be 0, 1
        Invoke-Lab $other '(TabExpansion2 "Set-MptConnection peer -LocalAddress ").CompletionMatches.CompletionText' | Should -Be 10.0.0.2
        Invoke-Lab $other '(TabExpansion2 "Stop-MptServer ").CompletionMatches.CompletionText' | Should -Be tun0
    }

    It 'complete the words of mpt: <Line>' -ForEach @(
        @{ Line = 'mpt re'; Expected = 'reload', 'restart' }
        @{ Line = 'mpt path '; Expected = 'up', 'down', 'add', 'set', 'del' }
        @{ Line = 'mpt path d'; Expected = 'down', 'del' }
        @{ Line = 'mpt path down '; Expected = '10.1.1.2', '10.2.2.2' }
        @{ Line = 'mpt path down 10.2.2.2 '; Expected = '10.2.2.3' }
        @{ Line = 'mpt path set p'; Expected = 'peer' }
        @{ Line = 'mpt path del peer '; Expected = '0', '1' }
        @{ Line = 'mpt rule '; Expected = 'add', 'set', 'del' }
        @{ Line = 'mpt rule add p'; Expected = 'peer' }
        @{ Line = 'mpt map '; Expected = '10.0.0.2' }
        @{ Line = 'mpt map 10.0.0.2 '; Expected = '10.0.0.3' }
        @{ Line = 'mpt map 10.0.0.2 10.0.0.3 udp sport 5 d'; Expected = 'dport', 'dscp' }
        @{ Line = 'mpt map 10.0.0.2 10.0.0.3 conn '; Expected = 'peer' }
        @{ Line = 'mpt save '; Expected = 'peer.conf' }
        @{ Line = 'mpt interface eth2 '; Expected = 'up', 'down' }
        @{ Line = 'mpt show '; Expected = 'status' }
    ) {
        Invoke-Lab $other "(TabExpansion2 '$Line').CompletionMatches.CompletionText" | Should -Be $Expected
    }

    It 'answer a wrong <What> with an error of its own' -ForEach @(
        @{ What = 'path'; Command = 'Set-MptPath peer 7 Down'; Id = 'NotFound,*SetMptPathCommand'; Category = 'ObjectNotFound' }
        @{ What = 'connection'; Command = 'Get-MptPath nobody'; Id = 'NotFound,*GetMptPathCommand'; Category = 'ObjectNotFound' }
        @{ What = 'pattern'; Command = 'Get-MptPath pe['; Id = 'NotFound,*GetMptPathCommand'; Category = 'ObjectNotFound' }
        @{ What = 'tunnel'; Command = 'Get-MptTunnel tun9'; Id = 'NotFound,*GetMptTunnelCommand'; Category = 'ObjectNotFound' }
        @{ What = 'server'; Command = 'Get-MptPath -Server tun9'; Id = 'NoServer,*GetMptPathCommand'; Category = 'ObjectNotFound' }
        @{ What = 'server name'; Command = 'Get-MptServer tun9'; Id = 'NoServer,*GetMptServerCommand'; Category = 'ObjectNotFound' }
        @{ What = 'address'; Command = 'mpt path up 10.1.1.2 10.9.9.9'; Id = 'NotFound,*InvokeMptCommandCommand'; Category = 'ObjectNotFound' }
        @{ What = 'command'; Command = 'mpt path sideways'; Id = 'BadRequest,*InvokeMptCommandCommand'; Category = 'InvalidArgument' }
    ) {
        $failure = { Invoke-Lab $other $Command } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike "$Id*"
        $failure.CategoryInfo.Category | Should -Be $Category
        $failure.ErrorDetails.RecommendedAction | Should -Match '^.+\.$'
    }

    It 'refuse a second one on the same tunnel, and leave no job of it' {
        $failure = { Invoke-Lab $other "Start-MptServer '$configA'" } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'NotStarted,*'
        $failure.Exception.Message | Should -Match "'tun0' already runs .*process $($a.Process.Id)"
        Invoke-Lab $other 'Get-Job | Select-Object Name' | Should -BeNullOrEmpty
    }

    It 'stop with Stop-Job and leave nothing behind' {
        Invoke-Lab $a 'Stop-Job $job; "$($job.State)"' | Should -Be Stopped
        (Invoke-Lab $a 'Receive-Job $job').Kind | Should -Contain ServerStopped
        Invoke-Lab $other 'Get-MptServer' | Should -BeNullOrEmpty
        Get-LabState $lab a | Should -Be $before
    }

    It 'start again, and stop with Stop-MptServer from a second pwsh' {
        $null = Invoke-Lab $a "`$job = Start-MptServer '$configA' -DisableOffload TunUdp, UdpGro -ThreadCount 4"
        $server = Invoke-Lab $other 'Get-MptServer'
        $server.DisabledOffloads | Should -Be TunUdp, UdpGro
        $server.Threads | Should -Be 4
        (Invoke-Lab $other 'Get-MptTunnel').Offloads | Should -Not -Contain TunUdp
        (Invoke-Lab $other 'Get-MptPath').Offloads | Should -Be UdpSegment, UdpSegment
        Invoke-Lab $other 'Get-MptServer | Stop-MptServer -Confirm:$false'
        Get-LabState $lab a | Should -Be $before
        Invoke-Lab $a '(Wait-Job $job -Timeout 20).State.ToString()' | Should -Be Stopped
        Invoke-Lab $a 'Get-Job | Remove-Job; Get-Job | Select-Object Name' | Should -BeNullOrEmpty
    }

    It 'stop when pwsh is left' {
        $null = Invoke-Lab $a "`$job = Start-MptServer '$configA'"
        Get-LabState $lab a | Should -Not -Be $before
        Exit-LabSession $a | Should -Be 0
        Get-LabState $lab a | Should -Be $before
    }
}

Describe 'Start-MptServer -Wait' -Skip:([bool] $obstacle) {
    BeforeAll {
        Import-Module $PSScriptRoot/Lab.psm1 -Force
        $lab = New-Lab wait
        $before = Get-LabState $lab a
    }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    It 'stays in front with its events until SIG<Signal> stops it' -ForEach @(
        @{ Signal = 'TERM'; ExitCode = 0 }
        @{ Signal = 'HUP'; ExitCode = 0 }
        # As for Ctrl-C: pwsh itself ends the command it was given.
        @{ Signal = 'INT'; ExitCode = 1 }
    ) {
        $manifest = (Resolve-Path $PSScriptRoot/../../MptTools.psd1).Path
        $server = Start-LabProgram $lab a @(
            (Get-Process -Id $PID).Path, '-NoProfile', '-NonInteractive', '-Command',
            "Import-Module '$manifest'; Start-MptServer '$(Join-Path $lab.Directory a)' -Wait | ForEach-Object { [Console]::WriteLine(`$_.Kind) }")
        do {
            $line = $server.Process.StandardOutput.ReadLineAsync()
            $line.Wait(30000) | Should -BeTrue
            $line.Result | Should -Not -BeNullOrEmpty -Because $($server.Process.HasExited ? $server.Errors.Result : 'it runs')
        } until ($line.Result -eq 'ServerStarted')

        kill -s $Signal $server.Process.Id
        $server.Process.WaitForExit(20000) | Should -BeTrue
        $server.Process.ExitCode | Should -Be $ExitCode
        Get-LabState $lab a | Should -Be $before
    }
}
