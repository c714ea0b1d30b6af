# Paths made, added, changed and removed while the servers run.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $obstacle = Get-LabObstacle
}

Describe 'New-MptPath' {
    BeforeAll {
        Import-Module (Resolve-Path $PSScriptRoot/../../MptTools.psd1).Path -Force
    }

    It 'makes a path with the names of Get-MptPath and whole settings' {
        $path = New-MptPath eth1 10.1.1.3 -KeepaliveSeconds 0.5 -WeightOut 3
        $path.Interface, $path.RemoteAddress, $path.IPVersion, $path.WeightOut, $path.WeightIn | Should -Be eth1, 10.1.1.3, 4, 3, 1
        $path.KeepaliveSeconds, $path.DeadSeconds, $path.UdpChecksum, $path.CommandDefault, $path.StartStatus |
            Should -Be 0.5, 1.5, $true, $false, Up
        "$path" | Should -Be 'eth1 (found) > 10.1.1.3'
        $properties = [MptTools.MptPathInfo].GetProperties().Name
        foreach ($name in $path.PSObject.Properties.Name) { $properties | Should -Contain $name }
    }

    It 'has a parameter for each property of its objects, and so has Add-MptPath, by property name' {
        foreach ($name in [MptTools.MptPathSpec].GetProperties().Name) {
            foreach ($command in 'New-MptPath', 'Add-MptPath') {
                $parameter = (Get-Command $command).Parameters[$name]
                $parameter.Attributes.Where({ $_ -is [Parameter] }).ValueFromPipelineByPropertyName | Should -BeTrue -Because "$command -$name"
            }
        }
    }

    It 'takes rows of a CSV file, empty columns and texts for yes and no included' {
        $rows = 'Interface,RemoteAddress,LocalAddress,WeightOut,KeepaliveSeconds,UdpChecksum,CommandDefault,StartStatus,IPVersion,Status',
        'eth1,fd00:1::3,,,0.2,False,True,Down,6,Up',
        'eth2,10.2.2.3,10.2.2.2,7,,,,,,Down' | ConvertFrom-Csv
        $six, $four = $rows | New-MptPath
        $six.IPVersion, $six.WeightOut, $six.KeepaliveSeconds, $six.UdpChecksum, $six.CommandDefault, $six.StartStatus | Should -Be 6, 1, 0.2, $false, $true, Down
        $four.IPVersion, $four.LocalAddress, $four.WeightOut, $four.KeepaliveSeconds, $four.DeadSeconds, $four.UdpChecksum, $four.StartStatus |
            Should -Be 4, 10.2.2.2, 7, 1, 3, $true, Up
    }

    It 'refuses <Parameters> with both ends of the range' -ForEach @(
        @{ Parameters = @{ IPVersion = 5 }; Range = '4 or 6' }
        @{ Parameters = @{ WeightOut = 0 }; Range = 'from 1 to 10000' }
        @{ Parameters = @{ WeightIn = 10001 }; Range = 'from 1 to 10000' }
        @{ Parameters = @{ KeepaliveSeconds = 0.005 }; Range = '0, or a number from 0.01 to 86400' }
        @{ Parameters = @{ DeadSeconds = 259201 }; Range = '0, or a number from 0.01 to 259200' }
    ) {
        $failure = { New-MptPath eth1 10.1.1.3 @Parameters } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentValidationError,*NewMptPathCommand'
        $failure.Exception.Message | Should -BeLike "*$Range*"
    }

    It 'takes the ends of each range, as files do' {
        $path = New-MptPath eth1 10.1.1.3 -WeightOut 10000 -WeightIn 1 -KeepaliveSeconds 86400 -DeadSeconds 259200
        $path.DeadSeconds | Should -Be 259200
        (New-MptPath eth1 10.1.1.3 -KeepaliveSeconds 0.01 -DeadSeconds 0).DeadSeconds | Should -Be 0
    }

    It 'checks addresses at once, and goes on with the next object' {
        $made = 'Interface,RemoteAddress', 'eth1,10.1.1.999', 'eth2,10.2.2.3' | ConvertFrom-Csv |
            New-MptPath -ErrorAction SilentlyContinue -ErrorVariable faults
        $made.Interface | Should -Be eth2
        $faults.FullyQualifiedErrorId | Should -Be 'ParameterArgumentValidationError,MptTools.Cmdlets.NewMptPathCommand'
        $faults[0].Exception.Message | Should -Match "'10.1.1.999' is no IP address"
    }

    It 'checks what belongs together, and goes on with the next object' {
        $made = 'Interface,RemoteAddress,LocalAddress', 'eth1,10.1.1.3,fd00::2', 'eth2,10.2.2.3,10.2.2.2' | ConvertFrom-Csv |
            New-MptPath -ErrorAction SilentlyContinue -ErrorVariable faults
        $made.Interface | Should -Be eth2
        $faults.FullyQualifiedErrorId | Select-Object -Unique | Should -Be 'InvalidSetting,MptTools.Cmdlets.NewMptPathCommand'
        $faults[0].CategoryInfo.Category | Should -Be InvalidArgument
        $faults[0].TargetObject | Should -Be eth1
        $faults[0].Exception.Message | Should -Match '"fd00::2" is an IPv6 address, but ip_ver of this section is 4'
        $faults[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'shows itself within 80 columns' {
        $text = New-MptPath eth1 2001:db8:1234:5678::3 -LocalAddress 2001:db8:1234:5678::2 | Out-String -Width 80
        $text | Should -Match 'eth1\s+2001:db8:1234:5678::2\s+2001:db8:1234:5678::3'
        ($text -split "`n" | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 80
    }
}

Describe 'Paths of running servers' -Skip:([bool] $obstacle) {
    BeforeAll {
        Import-Module $PSScriptRoot/Lab.psm1 -Force
        $lab = New-Lab paths
        ip -n $lab.Hosts.a address add 10.3.3.2/24 dev eth1
        ip -n $lab.Hosts.b address add 10.3.3.3/24 dev eth1
        $a = Enter-LabSession $lab a
        $b = Enter-LabSession $lab b
        foreach ($session in $a, $b) {
            $config = Join-Path $lab.Directory ($session -eq $a ? 'a' : 'b')
            $null = Invoke-Lab $session "Start-MptServer '$config' | Select-Object Id; Set-Location '$config'"
        }
        Wait-Lab $a '-not (Get-MptPath | Where-Object { $_.Status -eq "Down" -or $null -eq $_.RoundTripMilliseconds })'
    }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    It 'are added from objects of New-MptPath, and carry packets when both ends have them' {
        $added = Invoke-Lab $a 'New-MptPath eth1 10.3.3.3 -LocalAddress 10.3.3.2 -KeepaliveSeconds 0.2 | Add-MptPath -Connection peer -PassThru'
        $added.Index, $added.LocalAddress, $added.Gateway, $added.DeadSeconds | Should -Be 2, 10.3.3.2, 10.3.3.2, 0.6
        Invoke-Lab $b 'Add-MptPath peer eth1 10.3.3.2 -LocalAddress 10.3.3.3 -KeepaliveSeconds 0.2'
        Wait-Lab $a '(Get-MptPath peer 2).Status -eq "Up"'
    }

    It 'go through a CSV file and come out the same' {
        $names = 'Interface', 'IPVersion', 'LocalAddress', 'PublicAddress', 'Gateway', 'RemoteAddress', 'WeightOut', 'WeightIn',
        'KeepaliveSeconds', 'DeadSeconds', 'CommandDefault', 'UdpChecksum', 'StartStatus'
        $null = Invoke-Lab $a 'Set-MptPath peer 2 -WeightOut 5 -WeightIn 6 -UdpChecksum $false -CommandDefault $true -StartStatus Down'
        $before = Invoke-Lab $a 'Get-MptPath peer 2 | Export-Csv path.csv; Get-MptPath peer 2'
        $null = Invoke-Lab $a 'Get-MptPath peer 2 | Remove-MptPath -Confirm:$false'
        Invoke-Lab $a '(Get-MptPath).Count' | Should -Be 2
        $after = Invoke-Lab $a 'Import-Csv path.csv | Add-MptPath -Connection peer -PassThru'
        foreach ($name in $names) { $after.$name | Should -Be $before.$name -Because $name }
        $after.WeightOut, $after.UdpChecksum, $after.CommandDefault, $after.StartStatus | Should -Be 5, $false, $true, Down
    }

    It 'are added to piped connections without taking the addresses of the tunnel for theirs' {
        $added = Invoke-Lab $a 'Get-MptConnection | Add-MptPath -Interface eth2 -RemoteAddress 10.2.2.77 -PassThru'
        $added.Connection, $added.LocalAddress, $added.RemoteAddress | Should -Be peer, 10.2.2.2, 10.2.2.77
        $failure = { Invoke-Lab $a 'Get-MptConnection | Add-MptPath -Interface eth2' } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*AddMptPathCommand'
        # What another process sent, or a file kept, is the same kind of object.
        $failure = { Invoke-Lab $a 'Get-MptConnection | Export-Clixml c.xml; Import-Clixml c.xml | Add-MptPath -Interface eth2' } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*AddMptPathCommand'
        $null = Invoke-Lab $a 'Get-MptPath | Where-Object RemoteAddress -eq 10.2.2.77 | Remove-MptPath -Confirm:$false'
        Invoke-Lab $a '(Get-MptPath).Count' | Should -Be 3
    }

    It 'take several settings in one call, and wildcards' {
        $paths = Invoke-Lab $a 'Set-MptPath p* 0, 1 -WeightOut 9 -WeightIn 8 -KeepaliveSeconds 0.3 -DeadSeconds 2 -PassThru'
        $paths.Index | Should -Be 0, 1
        $paths.WeightOut | Should -Be 9, 9
        $paths.DeadSeconds | Should -Be 2, 2
        $null = Invoke-Lab $a 'Get-MptPath -Interface eth2 | Set-MptPath -Setting @{ weight_out = 4; Dead_Time = 1.5 } -WeightIn 2 -Status Down'
        $path = Invoke-Lab $a 'Get-MptPath peer 1'
        $path.WeightOut, $path.WeightIn, $path.DeadSeconds, $path.Detail | Should -Be 4, 2, 1.5, TakenDown
        $null = Invoke-Lab $a 'Set-MptPath peer 1 Up'
        Wait-Lab $a '(Get-MptPath peer 1).Status -eq "Up"'
    }

    It 'move to another address with what was the same' {
        ip -n $lab.Hosts.a address add 10.2.2.9/24 dev eth2
        $path = Invoke-Lab $a 'Set-MptPath peer 1 -LocalAddress 10.2.2.9 -PassThru'
        $path.LocalAddress, $path.PublicAddress, $path.Gateway | Should -Be 10.2.2.9, 10.2.2.9, 10.2.2.9
        $path = Invoke-Lab $a 'Set-MptPath peer 1 -LocalAddress 10.2.2.2 -PublicAddress 192.0.2.1 -PassThru'
        $path.LocalAddress, $path.PublicAddress, $path.Gateway | Should -Be 10.2.2.2, 192.0.2.1, 10.2.2.2
        $path = Invoke-Lab $a 'Set-MptPath peer 1 -PublicAddress 10.2.2.2 -PassThru'
        $path.PublicAddress | Should -Be 10.2.2.2
        Wait-Lab $a '(Get-MptPath peer 1).Status -eq "Up"'
    }

    It 'hand over the commands of the servers to one path' {
        Invoke-Lab $a 'Set-MptPath peer 0 -CommandDefault $true; (Get-MptPath).CommandDefault' | Should -Be $true, $false, $false
        $failure = { Invoke-Lab $a 'Set-MptPath peer 1 -CommandDefault $true -Setting @{ gw_ipaddr = "nonsense" }' } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
        Invoke-Lab $a '(Get-MptPath).CommandDefault' | Should -Be $true, $false, $false
    }

    It 'are taken down without a question while another one is up, and with one when it is the last' {
        Invoke-Lab $a 'Set-MptPath peer 1, 2 Down; (Get-MptPath).Status' | Should -Be Up, Down, Down
        # Nobody can answer in this session.
        $failure = { Invoke-Lab $a 'Set-MptPath peer 0 Down' } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidOperation,*SetMptPathCommand'
        (Invoke-Lab $a '(Get-MptPath).Status')[0] | Should -Be Up
        Invoke-Lab $a 'Set-MptPath peer 0 Down -Confirm:$false; (Get-MptPath).Status' | Should -Be Down, Down, Down
        foreach ($start in '-StartStatus TakenDown', '-StartStatus Disabled', '-Setting @{ status = 131 }') {
            $null = Invoke-Lab $a 'Set-MptPath peer 0 -StartStatus Up -Status Up'
            Wait-Lab $a '(Get-MptPath peer 0).Status -eq "Up"'
            $failure = { Invoke-Lab $a "Set-MptPath peer 0 $start" } | Should -Throw -PassThru -Because $start
            $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidOperation,*SetMptPathCommand'
            Invoke-Lab $a "Set-MptPath peer 0 $start -Confirm:`$false; (Get-MptPath peer 0).Status" | Should -Be Down
        }
        $null = Invoke-Lab $a 'Set-MptPath peer 0 -StartStatus Up -Status Down'
        # One that is down already cuts nothing.
        Invoke-Lab $a 'Set-MptPath peer 0 Down'
        Invoke-Lab $a '& { $ConfirmPreference = "None"; Set-MptPath peer 0 Up; Set-MptPath peer 0 Down; Set-MptPath peer 0, 1, 2 Up }'
        Wait-Lab $a '-not (Get-MptPath -Status Down)'
    }

    It 'change nothing with -WhatIf' {
        $before = Invoke-Lab $a 'Get-MptPath | Select-Object Index, WeightOut, @{ Name = "IsTakenDown"; Expression = { $_.Detail -eq "TakenDown" } }'
        Invoke-Lab $a 'Get-MptPath | Set-MptPath -Status Down -WeightOut 3 -WhatIf; Get-MptPath | Remove-MptPath -WhatIf; New-MptPath eth2 10.9.9.9 | Add-MptPath -Connection peer -WhatIf'
        $after = Invoke-Lab $a 'Get-MptPath | Select-Object Index, WeightOut, @{ Name = "IsTakenDown"; Expression = { $_.Detail -eq "TakenDown" } }'
        ($after | ConvertTo-Json) | Should -Be ($before | ConvertTo-Json)
    }

    It 'explain with -Verbose what is done' {
        $text = Invoke-Lab $a 'Set-MptPath peer 0 -WeightOut 2 -Verbose 4>&1 | ForEach-Object Message'
        $text | Should -Contain 'Setting weight_out = 2 in path 0 of connection peer; Save-MptConfig keeps it.'
    }

    It 'answer <What> with <Id>' -ForEach @(
        @{ What = 'a path that is not there'; Command = 'Set-MptPath peer 7 -WeightOut 1'; Id = 'NotFound'; Message = 'Connection peer has no path 7; it has paths 0 to 2.' }
        @{ What = 'a connection that is not there'; Command = 'Remove-MptPath nobody 0'; Id = 'NotFound'; Message = "Server 'tun0' has no connection 'nobody'." }
        @{ What = 'an index out of range'; Command = 'Set-MptPath peer 20 Down'; Id = 'ParameterArgumentValidationError'; Message = '*20 is out of range. Give a number from 0 to 19.' }
        @{ What = 'nothing to set'; Command = 'Set-MptPath peer 0'; Id = 'NothingToSet'; Message = 'Set-MptPath was not told what to change.' }
        @{ What = 'a setting twice'; Command = 'Set-MptPath peer 0 -WeightOut 1 -Setting @{ WEIGHT_OUT = 2 }'; Id = 'SettingTwice'; Message = '*WEIGHT_OUT*' }
        @{ What = 'an unknown key'; Command = 'Set-MptPath peer 0 -Setting @{ weight = 2 }'; Id = 'InvalidSetting'; Message = '*nearest known key here is weight_*' }
        @{ What = 'an address with a prefix'; Command = 'Set-MptPath peer 0 -Gateway 10.1.1.1/24'; Id = 'ParameterArgumentValidationError'; Message = "*'10.1.1.1/24' has a prefix length*" }
        @{ What = 'a path that is there already'; Command = 'Get-MptPath peer 1 | Add-MptPath'; Id = 'InvalidSetting'; Message = '*go from 10.2.2.2 to 10.2.2.3 both*' }
        @{ What = 'a question nobody can answer'; Command = 'Remove-MptPath peer 2'; Id = 'InvalidOperation'; Message = '*' }
    ) {
        $failure = { Invoke-Lab $a $Command } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike "$Id,MptTools.Cmdlets.*"
        $failure.Exception.Message | Should -BeLike $Message
    }

    It 'do not keep the next object from its turn' {
        $answer = Invoke-Lab $a '$paths = @([pscustomobject]@{ Connection = "peer"; Index = 9 }) + @(Get-MptPath peer 1)
            $paths | Set-MptPath -WeightOut 3 -ErrorAction SilentlyContinue -ErrorVariable faults
            (Get-MptPath peer 1).WeightOut; $faults.Count; "$($faults[0].TargetObject)"'
        $answer | Should -Be 3, 1, 'path 9 of connection peer'
    }

    It 'are removed as they were when the command began, and never the last one' {
        # Taken out in the order of the pipeline, the second would be the one that was third.
        $null = Invoke-Lab $a 'Get-MptPath peer 0, 1 | Remove-MptPath -Confirm:$false'
        $left = Invoke-Lab $a 'Get-MptPath'
        $left.LocalAddress, $left.Index | Should -Be 10.3.3.2, 0
        $null = Invoke-Lab $a 'Add-MptPath peer eth2 10.2.2.3'
        $answer = Invoke-Lab $a 'Get-MptPath | Remove-MptPath -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable faults
            (Get-MptPath).LocalAddress; $faults.Count; $faults[0].FullyQualifiedErrorId; "$($faults[0])"'
        $answer | Should -Be 10.3.3.2, 1, 'InvalidSetting,MptTools.Cmdlets.RemoveMptPathCommand',
        '[path_0]: A connection needs a path, and this is its only one. Add another one first, or delete the connection.'
    }

    It 'complete interfaces and addresses of the host' {
        Invoke-Lab $a '(TabExpansion2 "New-MptPath eth").CompletionMatches.CompletionText' | Should -Be eth1, eth2
        Invoke-Lab $a '(TabExpansion2 "Add-MptPath peer eth1 10.1.1.9 -LocalAddress 10.").CompletionMatches.CompletionText' | Should -Contain 10.3.3.2
    }
}
