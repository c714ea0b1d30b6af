# Which path packets take: the mapping of connections, settings of paths, the question beforehand, and packets that are counted afterwards.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $obstacle = Get-LabObstacle
}

Describe 'Settings of paths for the mapping' {
    BeforeAll {
        Import-Module (Resolve-Path $PSScriptRoot/../../MptTools.psd1).Path -Force
    }

    It 'take the rate <Rate>' -ForEach @(
        @{ Rate = '20M' }, @{ Rate = '1.5G' }, @{ Rate = '800k' }, @{ Rate = 20000000 }, @{ Rate = '0' }, @{ Rate = '8k' }, @{ Rate = '1000g' }
    ) {
        (New-MptPath eth1 10.1.1.3 -RateLimit $Rate).RateLimit | Should -Be "$Rate"
    }

    It 'refuse <Parameters> with what would be right' -ForEach @(
        @{ Parameters = @{ RateLimit = '7999' }; Message = "*'7999' is out of range. Give 0 for no limit, or a rate in bit/s from 8k to 1000G*" }
        @{ Parameters = @{ RateLimit = '1001G' }; Message = '*is out of range*' }
        @{ Parameters = @{ RateLimit = 'fast' }; Message = "*'fast' is no rate*" }
        @{ Parameters = @{ RateLimit = '-8000' }; Message = '*is no rate*' }
        @{ Parameters = @{ Priority = 0 }; Message = '*from 1 to 255*' }
        @{ Parameters = @{ Priority = 256 }; Message = '*from 1 to 255*' }
        @{ Parameters = @{ TcpDestinationPort = 80, '9-8' }; Message = '*a range that ends before it begins. Give ports from 0 to 65535*' }
        @{ Parameters = @{ UdpSourcePort = 65536 }; Message = '*above 65535*' }
    ) {
        $failure = { New-MptPath eth1 10.1.1.3 @Parameters } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentValidationError,*NewMptPathCommand'
        $failure.Exception.Message | Should -BeLike $Message
    }

    It 'are nothing in particular where they are left out or empty' {
        $rows = 'Interface,RemoteAddress,Priority,RateLimit,Backup,TcpDestinationPort,UdpSourcePort,CommandDefault',
        'eth1,10.1.1.3,7,20M,True,"80, 443",53,True',
        'eth1,10.1.1.3,,,,,,' | ConvertFrom-Csv
        $full, $empty = $rows | New-MptPath
        $full.Priority, $full.RateLimit, $full.Backup, $full.TcpDestinationPort, $full.UdpSourcePort, $full.CommandDefault | Should -Be 7, 20M, $true, '80, 443', 53, $true
        $empty.Priority, $empty.RateLimit, $empty.Backup, $empty.TcpDestinationPort, $empty.UdpSourcePort, $empty.CommandDefault | Should -Be 1, $null, $false, $null, $null, $false
    }

    It 'complete the modes' {
        (TabExpansion2 'Set-MptConnection x -Mapping p' 30).CompletionMatches.CompletionText | Should -Be Packet, Priority
        (TabExpansion2 'New-MptConnection x -MappingRest ' 33).CompletionMatches.CompletionText | Should -Be Bytes, Duplicate, Flow, Packet, Priority
    }
}

Describe 'The mapping of running connections' -Skip:([bool] $obstacle) {
    BeforeAll {
        Import-Module $PSScriptRoot/Lab.psm1 -Force
        $lab = New-Lab mapping
        $a = Enter-LabSession $lab a
        $b = Enter-LabSession $lab b
        foreach ($session in $a, $b) {
            $config = Join-Path $lab.Directory ($session -eq $a ? 'a' : 'b')
            $null = Invoke-Lab $session "Start-MptServer '$config' | Select-Object Id; Set-Location '$config'"
        }
        Wait-Lab $a '(Get-MptConnection).Peer -eq "MptTools" -and -not (Get-MptPath | Where-Object { $_.Status -eq "Down" -or -not $_.LastKeepalive })'

        # Sends datagrams to a port of host B and tells how many of them each path of host A has carried, path 0 first.
        function Send-Datagram([int] $Port, [int] $Count = 40, [int] $From = 40000) {
            Invoke-Lab $a @"
                `$before = (Get-MptPath).PacketsSent
                `$udp = [Net.Sockets.UdpClient]::new($From)
                foreach (`$i in 1..$Count) { `$null = `$udp.Send([byte[]]::new(200), 200, '10.0.0.3', $Port) }
                `$udp.Dispose()
                `$limit = [DateTime]::UtcNow.AddSeconds(10)
                do { `$after = (Get-MptPath).PacketsSent } until ((`$after | Measure-Object -Sum).Sum - (`$before | Measure-Object -Sum).Sum -ge $Count -or [DateTime]::UtcNow -gt `$limit)
                0..1 | ForEach-Object { `$after[`$_] - `$before[`$_] }
"@
        }
    }

    BeforeEach {
        $null = Invoke-Lab $a 'Set-MptPath peer 0, 1 -TcpDestinationPort $null -TcpSourcePort $null -UdpDestinationPort $null -UdpSourcePort $null -RateLimit 0 -Priority 1 -Backup $false -Status Up
            Get-MptRule | Remove-MptRule -Confirm:$false; Set-MptConnection peer -Mapping Combined -MappingRest Packet'
        Wait-Lab $a '-not (Get-MptPath -Status Down)'
    }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    It 'is set and shown as <Mapping>' -ForEach @(
        @{ Mapping = 'Packet' }, @{ Mapping = 'Bytes' }, @{ Mapping = 'Flow' }, @{ Mapping = 'Combined' }, @{ Mapping = 'Duplicate' }, @{ Mapping = 'Priority' }
    ) {
        Invoke-Lab $a "(Set-MptConnection peer -Mapping $($Mapping.ToLower()) -PassThru).Mapping" | Should -Be $Mapping
        $null = Invoke-Lab $a '$null = Save-MptConfig'
        $text = Get-Content (Join-Path $lab.Directory a/connections/peer.conf) -Raw
        # Existing servers need not find a key for what they do anyway.
        if ($Mapping -eq 'Packet') { $text | Should -Not -Match '(?m)^mapping\s*=' } else { $text | Should -Match "(?m)^mapping\s*=\s*$($Mapping.ToLower())\s" }
    }

    It 'takes every mode but Combined for the rest' {
        foreach ($mode in 'Packet', 'Bytes', 'Flow', 'Duplicate', 'Priority') { (Invoke-Lab $a "Set-MptConnection peer -MappingRest $mode -PassThru").MappingRest | Should -Be $mode }
        { Invoke-Lab $a 'Set-MptConnection peer -MappingRest Combined' } | Should -Throw
    }

    It 'is told by Get-MptPath with the settings of the paths, and they go through a CSV file' {
        $null = Invoke-Lab $a 'Set-MptPath peer 1 -RateLimit 1.5M -Priority 9 -Backup $true -TcpDestinationPort 80, "8000-8099" -UdpSourcePort 53'
        $path = Invoke-Lab $a 'Get-MptPath peer 1'
        $path.RateLimit, $path.Priority, $path.Backup, "$($path.TcpDestinationPort)", "$($path.UdpSourcePort)" | Should -Be 1500000, 9, $true, '80 8000-8099', 53
        $added = Invoke-Lab $a 'Get-MptPath peer 1 | Export-Csv path.csv; Import-Csv path.csv | Add-MptPath -RemoteAddress 10.2.2.77 -PassThru'
        $other = Invoke-Lab $a 'Get-MptPath peer 1 | Add-MptPath -RemoteAddress 10.2.2.78 -PassThru'
        $null = Invoke-Lab $a 'Remove-MptPath peer 2, 3 -Confirm:$false'
        foreach ($name in 'RateLimit', 'Priority', 'Backup', 'TcpDestinationPort', 'TcpSourcePort', 'UdpDestinationPort', 'UdpSourcePort') {
            "$($added.$name)" | Should -Be "$($path.$name)" -Because $name
            "$($other.$name)" | Should -Be "$($path.$name)" -Because $name
        }
    }

    It 'shares by weight, and Get-MptPath says what share each path has' {
        $null = Invoke-Lab $a 'Set-MptPath peer 0 -WeightOut 1; Set-MptPath peer 1 -WeightOut 3'
        Send-Datagram 4000 -Count 40 | Should -Be 10, 30
        $null = Invoke-Lab $a 'Add-MptRule peer -Protocol udp -DestinationPort 4001 -Path 0'
        Send-Datagram 4001 -Count 40 | Should -Be 40, 0
        $paths = Invoke-Lab $a 'Get-MptPath'
        $paths.WeightSharePercent | Should -Be 25, 75
        $total = ($paths | Measure-Object BytesSent -Sum).Sum
        $paths[0].SharePercent | Should -BeGreaterThan 50
        foreach ($path in $paths) { $path.SharePercent | Should -Be ([Math]::Round(100.0 * $path.BytesSent / $total, 2)) }
    }

    It 'sends what a rule names by its path, as Test-MptMapping says, and counts it' {
        $null = Invoke-Lab $a 'Add-MptRule peer voice -Protocol udp -DestinationPort 5060-5061 -Path 1'
        $answer = Invoke-Lab $a 'Test-MptMapping 10.0.0.2 10.0.0.3 -Protocol udp -SourcePort 40000 -DestinationPort 5061'
        $answer.Connection, $answer.Mapping, $answer.Rule, $answer.RuleIndex, $answer.Path, "$($answer.PossiblePath)", $answer.Numbered |
            Should -Be peer, Combined, 'rule 0 (voice)', 0, 1, 1, $false
        $answer.Reason | Should -Match 'rule 0 \(voice\)'
        Send-Datagram 5061 | Should -Be 0, 40
        (Invoke-Lab $a 'Get-MptRule').Packets | Should -Be 40
        $answer = Invoke-Lab $a 'Test-MptMapping 10.0.0.2 10.0.0.3 -Protocol udp -SourcePort 40000 -DestinationPort 5062'
        $answer.Rule, $answer.Spread, "$($answer.PossiblePath)" | Should -Be $null, Packet, '0 1'
        $null = Invoke-Lab $a 'Set-MptRule peer 0 -Path 0'
        (Invoke-Lab $a 'Test-MptMapping 10.0.0.2 10.0.0.3 -Protocol udp -DestinationPort 5061').Path | Should -Be 0
        Send-Datagram 5061 | Should -Be 40, 0
    }

    It 'sends to and from ports of a path by that, as Test-MptMapping says' {
        $null = Invoke-Lab $a 'Set-MptPath peer 0 -UdpDestinationPort 7000-7009; Set-MptPath peer 1 -UdpSourcePort 40007'
        (Invoke-Lab $a 'Test-MptMapping 10.0.0.2 10.0.0.3 -Protocol udp -DestinationPort 7009').Rule | Should -Be 'udp_dst of path 0'
        Send-Datagram 7009 | Should -Be 40, 0
        $answer = Invoke-Lab $a 'Test-MptMapping 10.0.0.2 10.0.0.3 -Protocol udp -SourcePort 40007 -DestinationPort 4000'
        $answer.Rule, $answer.RuleIndex, $answer.Path | Should -Be 'udp_src of path 1', $null, 1
        Send-Datagram 4000 -From 40007 | Should -Be 0, 40
    }

    It 'keeps each flow on the path that Test-MptMapping names' {
        $null = Invoke-Lab $a 'Set-MptConnection peer -Mapping Flow'
        foreach ($port in 6001..6008) {
            $answer = Invoke-Lab $a "Test-MptMapping 10.0.0.2 10.0.0.3 -Protocol udp -SourcePort 40000 -DestinationPort $port"
            $answer.Spread, $answer.Rule | Should -Be Flow, $null
            (Send-Datagram $port -Count 10)[$answer.Path] | Should -Be 10 -Because "port $port"
        }
    }

    It 'sends on every path with Duplicate, and the peer drops the second copies' {
        $before = (Invoke-Lab $b 'Get-MptConnection').CopiesDiscarded
        $null = Invoke-Lab $a 'Add-MptRule peer call -Protocol udp -DestinationPort 5004 -Spread Duplicate'
        Invoke-Lab $a 'Test-MptMapping 10.0.0.2 10.0.0.3 -Protocol udp -DestinationPort 5004 | ForEach-Object { $_.PathText(); $_.Spread; $_.Numbered }' | Should -Be '0, 1', Duplicate, $true
        Send-Datagram 5004 -Count 40 | Should -Be 40, 40
        Wait-Lab $b "(Get-MptConnection).CopiesDiscarded -ge $($before + 40)"
    }

    It 'drops what a strict rule has no path for, and Test-MptMapping says so' {
        $null = Invoke-Lab $a 'Add-MptRule peer only -Protocol udp -DestinationPort 873 -Path 1 -Strict; Set-MptPath peer 1 Down'
        $answer = Invoke-Lab $a 'Test-MptMapping 10.0.0.2 10.0.0.3 -Protocol udp -DestinationPort 873'
        $answer.Path | Should -BeNullOrEmpty
        $answer.PossiblePath | Should -BeNullOrEmpty
        Invoke-Lab $a 'Test-MptMapping 10.0.0.2 10.0.0.3 -Protocol udp -DestinationPort 873 | Out-String -Width 80' | Should -Match 'dropped'
        $null = Invoke-Lab $a 'Set-MptRule peer 0 -Strict $false'
        (Invoke-Lab $a 'Test-MptMapping 10.0.0.2 10.0.0.3 -Protocol udp -DestinationPort 873').Path | Should -Be 0
    }

    It 'takes flows from a CSV file, empty columns included' {
        $null = Invoke-Lab $a 'Add-MptRule peer ef -Dscp ef -Path 1; Add-MptRule peer ssh -Protocol tcp -DestinationPort 22 -Path 0'
        $rows = 'Source,Destination,Protocol,SourcePort,DestinationPort,Dscp,Length,FlowLabel,Connection', '10.0.0.2,10.0.0.3,,,22,,,,',
        '10.0.0.2,10.0.0.3,udp,5060,5060,ef,200,,peer', '10.0.0.2,10.0.0.999,,,,,,,', '10.0.0.2,10.0.0.3,icmp,,,,,,'
        $rows | Set-Content (Join-Path $lab.Directory a/flows.csv)
        $answers = Invoke-Lab $a 'Import-Csv flows.csv | Test-MptMapping -ErrorAction SilentlyContinue -ErrorVariable faults'
        $answers.Rule | Should -Be 'rule 1 (ssh)', 'rule 0 (ef)', $null
        $answers.Protocol | Should -Be tcp, udp, icmp
        $answers[1].Dscp, $answers[1].Length | Should -Be 46, 200
        Invoke-Lab $a '$faults.FullyQualifiedErrorId' | Should -BeLike 'ParameterArgumentValidationError,*TestMptMappingCommand'
        # What was answered can be asked again.
        (Invoke-Lab $a 'Import-Csv flows.csv | Test-MptMapping -ErrorAction Ignore | Test-MptMapping').Rule | Should -Be $answers.Rule
    }

    It 'answers <What> with <Id>' -ForEach @(
        @{ What = 'no traffic of a connection'; Command = 'Test-MptMapping 10.0.0.2 192.0.2.1'; Id = 'NotFound'; Message = '*is no connection''s traffic*' }
        @{ What = 'two versions'; Command = 'Test-MptMapping 10.0.0.2 fd00::1'; Id = 'InvalidSetting'; Message = '*' }
        @{ What = 'a connection that is not there'; Command = 'Test-MptMapping 10.0.0.2 10.0.0.3 -Connection nobody'; Id = 'NotFound'; Message = '*nobody*' }
        @{ What = 'several codepoints'; Command = 'Test-MptMapping 10.0.0.2 10.0.0.3 -Dscp af11-af13'; Id = 'ParameterArgumentValidationError'; Message = '*more than one codepoint*' }
        @{ What = 'several protocols'; Command = 'Test-MptMapping 10.0.0.2 10.0.0.3 -Protocol tcp,udp'; Id = 'CannotConvertArgument'; Message = '*' }
        @{ What = 'several protocols in one text'; Command = 'Test-MptMapping 10.0.0.2 10.0.0.3 -Protocol "tcp udp"'; Id = 'ParameterArgumentValidationError'; Message = '*more than one protocol*' }
        @{ What = 'ports where there are none'; Command = 'Test-MptMapping 10.0.0.2 10.0.0.3 -Protocol icmp -DestinationPort 7'; Id = 'InvalidSetting'; Message = '*' }
    ) {
        $failure = { Invoke-Lab $a $Command } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike "$Id,MptTools.Cmdlets.TestMptMappingCommand"
        $failure.Exception.Message | Should -BeLike $Message
    }
}
