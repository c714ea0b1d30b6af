# Connections made, changed, restarted and removed while the servers run.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $obstacle = Get-LabObstacle
}

Describe 'Connections of running servers' -Skip:([bool] $obstacle) {
    BeforeAll {
        Import-Module $PSScriptRoot/Lab.psm1 -Force
        $lab = New-Lab conn
        $configA = Join-Path $lab.Directory a
        $connections = Join-Path $configA connections
        $a = Enter-LabSession $lab a
        $b = Enter-LabSession $lab b
        $null = Invoke-Lab $a "Start-MptServer '$configA' | Select-Object Id; Set-Location '$configA'"
        $null = Invoke-Lab $b "Start-MptServer '$(Join-Path $lab.Directory b)' | Select-Object Id"
        Wait-Lab $a '-not (Get-MptPath | Where-Object { $_.Status -eq "Down" -or $null -eq $_.RoundTripMilliseconds })'
    }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    It 'take several settings at once, by wildcard and from the pipeline' {
        $changed = Invoke-Lab $a 'Set-MptConnection p* -ReorderWindow 300 -MaxBufferDelayMilliseconds 40 -Permission Send -PassThru'
        $changed.Name, $changed.ReorderWindow, $changed.MaxBufferDelayMilliseconds, $changed.Permission | Should -Be peer, 300, 40, Send
        $null = Invoke-Lab $a 'Get-MptConnection | Set-MptConnection -Permission Send, Receive -Setting @{ Reorder_Window = "" } -AuthenticationType Random'
        $changed = Invoke-Lab $a 'Get-MptConnection peer'
        $changed.ReorderWindow, $changed.MaxBufferDelayMilliseconds, $changed.Permission, $changed.AuthenticationType |
            Should -Be 0, 40, 'Send, Receive', Random
        $null = Invoke-Lab $a 'Get-MptPath peer 0 | Set-MptConnection -AuthenticationType None -ReorderWindow 100'
        Invoke-Lab $a '(Get-MptConnection).ReorderWindow' | Should -Be 100
    }

    It 'never tell a key' {
        $key = 'ab' * 32
        $text = Invoke-Lab $a "`$key = '$key'; Set-MptConnection peer -AuthenticationType Sha256 -AuthenticationKey `$key -Verbose 4>&1 | ForEach-Object Message"
        $text | Should -Contain 'Setting auth_type = 2, auth_key = (not shown) in connection peer of server tun0; Save-MptConfig keeps it.'
        $text -join ' ' | Should -Not -Match abab
        $failure = { Invoke-Lab $a "Set-MptConnection peer -AuthenticationKey abcabcabc" } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
        $failure.Exception.Message | Should -Match 'The key has 9 characters'
        $failure.Exception.Message | Should -Not -Match abcabc
        $null = Invoke-Lab $a 'Set-MptConnection peer -AuthenticationType None -Setting @{ auth_key = $null }'
    }

    It 'start anew under another name and keep their file' {
        $renamed = Invoke-Lab $a 'Set-MptConnection peer -NewName other -PassThru'
        $renamed.Name, $renamed.ConfigFile | Should -Be other, peer.conf
        $null = Invoke-Lab $a 'Set-MptConnection other -NewName peer'
        Wait-Lab $a '-not (Get-MptPath -Status Down)'
    }

    It 'restart with their paths as configured' {
        $null = Invoke-Lab $a 'Set-MptPath peer 1 Down; Set-MptConnection peer -ReorderWindow 77'
        $text = Invoke-Lab $a 'Get-MptConnection | Restart-MptConnection -Verbose 4>&1 | ForEach-Object Message'
        $text | Should -Contain 'Closing and opening the 2 path(s) of connection peer of server tun0.'
        (Invoke-Lab $a 'Restart-MptConnection pe* -PassThru').ReorderWindow | Should -Be 77
        Wait-Lab $a '-not (Get-MptPath -Status Down)'
    }

    It 'take every range from where the files have theirs' {
        # Each range's ends are taken and what is beyond is not, so parameter and file cannot differ.
        $ranges = @{
            ReorderWindow = 0, 10000; MaxBufferDelayMilliseconds = 0, 60000; StatusCode = 0, 255; LocalPort = 1, 65535
            RemotePort = 1, 65535; RemoteCommandPort = 1, 65535; LocalCommandPort = 1, 65535
        }
        $keys = @{
            ReorderWindow = 'reorder_window'; MaxBufferDelayMilliseconds = 'max_buffdelay_msec'; StatusCode = 'status'; LocalPort = 'local_port'
            RemotePort = 'remote_port'; RemoteCommandPort = 'remote_cmd_port'; LocalCommandPort = 'local_cmd_port'
        }
        foreach ($name in $ranges.Keys) {
            $low, $high = $ranges.$name
            foreach ($wrong in ($low - 1), ($high + 1)) {
                $failure = { Invoke-Lab $a "Set-MptConnection peer -$name $wrong" } | Should -Throw -PassThru -Because "-$name $wrong"
                $failure.Exception.Message | Should -BeLike "*Give a number from $low to $high."
                $failure = { Invoke-Lab $a "Set-MptConnection peer -Setting @{ $($keys.$name) = $wrong }" } | Should -Throw -PassThru -Because "$($keys.$name) $wrong"
                $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
            }
            foreach ($right in $low, $high) { Invoke-Lab $a "Set-MptConnection peer -$name $right -WhatIf" }
        }
    }

    It 'answer <What> with <Id>' -ForEach @(
        @{ What = 'a connection that is not there'; Command = 'Set-MptConnection nobody -ReorderWindow 1'; Id = 'NotFound'; Message = "Server 'tun0' has no connection 'nobody'." }
        @{ What = 'a restart of none'; Command = 'Restart-MptConnection nobody'; Id = 'NotFound'; Message = "*no connection 'nobody'." }
        @{ What = 'nothing to set'; Command = 'Set-MptConnection peer'; Id = 'NothingToSet'; Message = 'Set-MptConnection was not told what to change.' }
        @{ What = 'a setting twice'; Command = 'Set-MptConnection peer -ReorderWindow 1 -Setting @{ reorder_window = 2 }'; Id = 'SettingTwice'; Message = '*reorder_window*' }
        @{ What = 'an address no tunnel has'; Command = 'Set-MptConnection peer -LocalAddress 10.0.0.9'; Id = 'InvalidSetting'; Message = '*10.0.0.2 (tun0)*' }
        @{ What = 'a question nobody can answer'; Command = 'Remove-MptConnection peer'; Id = 'InvalidOperation'; Message = '*' }
        @{ What = 'a path without interface'; Command = 'New-MptConnection c 10.0.0.2 10.0.0.4 -PathSpec @{ RemoteAddress = "10.1.1.3" }'; Id = 'ParameterArgumentTransformationError'; Message = '*cannot be a path: it has no property Interface.' }
        @{ What = 'no path at all'; Command = '@() | New-MptConnection c 10.0.0.2 10.0.0.4'; Id = 'InvalidSetting'; Message = 'Connection c would have no path.*' }
        @{ What = 'a slip in a path'; Command = 'New-MptConnection c 10.0.0.2 10.0.0.4 -PathSpec @{ Interface = "eth1"; Weight = 3 }'; Id = 'ParameterArgumentTransformationError'; Message = '*has no property Weight. It has Interface,*' }
        @{ What = 'a connection that runs'; Command = 'New-MptConnection peer 10.0.0.2 10.0.0.4 -PathSpec @{ Interface = "eth1"; RemoteAddress = "10.1.1.9" }'; Id = 'RunsAlready'; Message = '*runs connection peer from peer.conf already.' }
        @{ What = 'a name that is no file'; Command = 'New-MptConnection ../c 10.0.0.2 10.0.0.4 -PathSpec @{ Interface = "eth1" }'; Id = 'InvalidSetting'; Message = "'../c' cannot name a file*" }
        @{ What = 'a connection that cannot start'; Command = 'New-MptConnection c 10.0.0.2 10.0.0.4 -LocalPort 999 -PathSpec @{ Interface = "eth1" }'; Id = 'Incomplete'; Message = 'Connection c cannot start*' }
        @{ What = 'a port that is taken'; Command = 'New-MptConnection c 10.0.0.2 10.0.0.4 -PathSpec @{ Interface = "eth1"; RemoteAddress = "10.1.1.9" }'; Id = 'InvalidSetting'; Message = '*23456 is also local_port in peer.conf*' }
        @{ What = 'a wrong network'; Command = 'New-MptConnection c 10.0.0.2 10.0.0.4 -LocalPort 999 -PathSpec @{ Interface = "eth1"; RemoteAddress = "10.1.1.9" } -Network "10.1.0.0/16 > nowhere"'; Id = 'InvalidSetting'; Message = '*"nowhere" is no network*' }
        @{ What = 'a file that is not there'; Command = 'New-MptConnection -Path ./none.conf'; Id = 'InvalidConfiguration'; Message = '*none.conf: error: The file does not exist*' }
        @{ What = 'a create without a key'; Command = 'New-MptPath eth1 10.1.1.3 | New-MptConnection c 10.0.0.2 10.0.0.4 -LocalPort 999 -CreateOnPeer'; Id = 'NoKey'; Message = 'Connection c has no key*' }
        @{ What = 'file and settings together'; Command = 'New-MptConnection -Name c -Path c.conf'; Id = 'AmbiguousParameterSet'; Message = '*' }
    ) {
        $failure = { Invoke-Lab $a $Command } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike "$Id,MptTools.Cmdlets.*"
        $failure.Exception.Message | Should -BeLike $Message
        Get-ChildItem $connections -Force -Name | Should -Be peer.conf
    }

    It 'change nothing with -WhatIf' {
        $before = Invoke-Lab $a 'Get-MptConnection | Select-Object Name, ConfigFile, ReorderWindow, NumberingRestarts'
        Invoke-Lab $a 'Get-MptConnection | Set-MptConnection -ReorderWindow 1 -WhatIf; Restart-MptConnection * -WhatIf; Remove-MptConnection * -WhatIf
            New-MptPath eth1 10.1.1.9 | New-MptConnection c 10.0.0.2 10.0.0.4 -LocalPort 999 -WhatIf'
        (Invoke-Lab $a 'Get-MptConnection | Select-Object Name, ConfigFile, ReorderWindow, NumberingRestarts' | ConvertTo-Json) | Should -Be ($before | ConvertTo-Json)
        Get-ChildItem $connections -Force -Name | Should -Be peer.conf
    }

    It 'are made from hashtables and other shapes of paths and networks' {
        $made = Invoke-Lab $a '$paths = @{ Interface = "eth1"; RemoteAddress = "10.1.1.9"; weightout = 4; UdpChecksum = "False" }, (Get-MptPath peer 1)
            New-MptConnection c 10.0.0.2 10.0.0.4 -LocalPort 999 -PathSpec $paths -Network "10.10.0.0/16 > 10.20.0.0/16", @{ Source = "10.10.0.0/16"; Destination = "10.30.0.0/16" } -Setting @{ max_buffdelay_msec = 7 }'
        $made.Name, $made.ConfigFile, $made.RemotePort, $made.ReorderWindow, $made.MaxBufferDelayMilliseconds, $made.PathCount | Should -Be c, c.conf, 999, 1000, 7, 2
        $made.Networks | Should -Be '10.10.0.0/16 > 10.20.0.0/16', '10.10.0.0/16 > 10.30.0.0/16'
        $paths = Invoke-Lab $a 'Get-MptPath c'
        $paths.WeightOut | Should -Be 4, 2
        $paths.UdpChecksum | Should -Be $false, $true
        (Get-Item "$connections/c.conf").UnixMode | Should -Be '-rw-r--r--'
        $null = Invoke-Lab $a 'Test-MptConfig . | ForEach-Object { throw "$_" }; Import-MptConfig'
        (Invoke-Lab $a 'Get-MptConnection').Name | Sort-Object | Should -Be c, peer
    }

    It 'are removed with their files put aside, and come back from a file' {
        $text = Invoke-Lab $a 'Get-MptConnection c | Remove-MptConnection -Confirm:$false -Verbose 4>&1 | ForEach-Object Message'
        $text -join ' ' | Should -Match 'its file becomes c.conf.disabled'
        Invoke-Lab $a '(Get-MptConnection).Name' | Should -Be peer
        Get-ChildItem $connections -Name | Sort-Object | Should -Be c.conf.disabled, peer.conf

        Move-Item "$connections/c.conf.disabled" "$configA/c.conf"
        $back = Invoke-Lab $a 'Get-Item ./c.conf | New-MptConnection'
        $back.Name, $back.MaxBufferDelayMilliseconds | Should -Be c, 7
        Get-Content "$connections/c.conf" -Raw | Should -Be (Get-Content "$configA/c.conf" -Raw)

        $null = Invoke-Lab $a 'Remove-MptConnection c -Confirm:$false'
        Move-Item "$connections/c.conf.disabled" "$connections/back.conf"
        (Invoke-Lab $a 'New-MptConnection -Path connections/back.conf').ConfigFile | Should -Be back.conf
        $null = Invoke-Lab $a 'Remove-MptConnection c -Confirm:$false'
        Get-ChildItem $connections -Name | Sort-Object | Should -Be back.conf.disabled, peer.conf
    }

    It 'leave a file alone that is there already' {
        Set-Content "$connections/c.conf" 'not mine'
        $failure = { Invoke-Lab $a 'New-MptPath eth1 10.1.1.9 | New-MptConnection c 10.0.0.2 10.0.0.4 -LocalPort 999' } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'NotWritten,*'
        Get-Content "$connections/c.conf" | Should -Be 'not mine'
        $failure = { Invoke-Lab $a 'New-MptConnection -Path connections/c.conf' } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidConfiguration,*'
        $failure.Exception.Message | Should -Match 'c.conf\(1\): error'
        Get-Content "$connections/c.conf" | Should -Be 'not mine'
        Remove-Item "$connections/c.conf"
    }

    It 'are created at both ends with -CreateOnPeer, and nothing is left where the peer does not answer' {
        $key = 'cd' * 32
        $failure = {
            Invoke-Lab $a "New-MptPath eth1 10.1.1.3 -CommandDefault -KeepaliveSeconds 0.2 | New-MptConnection c 10.0.0.2 10.0.0.4 -LocalPort 999 -AuthenticationKey $key -CreateOnPeer"
        } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'TimedOut,*'
        $failure.CategoryInfo.Category | Should -Be OperationTimeout
        Get-ChildItem $connections -Force -Name | Sort-Object | Should -Be back.conf.disabled, peer.conf

        # Stopped while it waits for the peer: with an answer, or none, it would be Completed or Failed.
        $state = Invoke-Lab $a "`$shell = [PowerShell]::Create()
            `$null = `$shell.AddScript({ param(`$module, `$key)
                Import-Module `$module
                New-MptPath eth1 10.1.1.3 -CommandDefault | New-MptConnection c 10.0.0.2 10.0.0.4 -LocalPort 999 -AuthenticationKey `$key -CreateOnPeer }).AddArgument((Get-Module MptTools).Path).AddArgument('$key')
            `$run = `$shell.BeginInvoke()
            while (-not `$shell.Streams.Progress.Count) { if (`$run.IsCompleted) { throw 'It ended before it waited.' } }
            `$shell.Stop()
            `$shell.InvocationStateInfo.State.ToString()
            Remove-Item '$connections/c.conf'"
        $state | Should -Be Stopped

        # The peer of a fresh start: no connection, a template and the permission to use it.
        $configB = Join-Path $lab.Directory b
        $template = (Get-Content "$configB/connections/peer.conf") -notmatch '^(ip_remote|remote_port|remote_cmd_port|remote_ipaddr|weight_|keepalive_time|dead_time)' -replace '^auth_type = 0', "auth_type = 2`nauth_key = $key"
        Set-Content "$configB/conf.template" $template
        (Get-Content "$configB/interface.conf") -replace 'accept_remote = 0', 'accept_remote = 1' | Set-Content "$configB/interface.conf"
        $null = Invoke-Lab $b 'Remove-MptConnection peer -Confirm:$false; Import-MptConfig'
        $null = Invoke-Lab $a 'Remove-MptConnection peer -Confirm:$false'
        $made = Invoke-Lab $a "`$paths = (New-MptPath eth1 10.1.1.3 -LocalAddress 10.1.1.2 -CommandDefault), (New-MptPath eth2 -LocalAddress 10.2.2.2)
            `$paths | New-MptConnection new 10.0.0.2 10.0.0.3 -AuthenticationKey $key -CreateOnPeer"
        $made.Name, $made.RemotePort, $made.AuthenticationType, $made.PathCount | Should -Be new, 23456, Sha256, 2
        # What the peer told is in the file, so the next start has it.
        $file = "$connections/new.conf"
        (Get-Content $file -Raw) | Should -Match '(?m)^remote_port\s*=\s*23456$'
        (Get-Content $file -Raw) | Should -Match '(?m)^remote_ipaddr\s*=\s*10\.2\.2\.3$'
        (Get-Content $file -Raw) | Should -Match $key
        (Get-Item $file).UnixMode | Should -Be '-rw-------'
        Wait-Lab $a '-not (Get-MptPath -Status Down)'
        (Invoke-Lab $b 'Get-MptConnection').RemoteAddress | Should -Be 10.0.0.2
    }
}
