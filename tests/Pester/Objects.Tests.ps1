# What the cmdlets give: plain data for programs, tables and lists for people.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $obstacle = Get-LabObstacle
}

BeforeAll {
    $root = (Resolve-Path $PSScriptRoot/../..).Path
    Import-Module $root/MptTools.psd1 -Force
}

Describe 'Views' {
    It 'fit 80 columns for <Type>' -ForEach @(
        @{
            Type = 'MptPathInfo'; Headers = '#', 'Interface', 'Status', 'Local', 'Remote', 'Weight', 'Heard', 'Sent', 'Received'
            Sample = @{
                Connection = 'MPT_connection_10.0.0.2'; Index = 0; Interface = 'eth1'; LocalAddress = '10.1.100.102'
                RemoteAddress = '10.1.100.103'; Status = 'Down'; Detail = 'InterfaceDown'; WeightOut = 3
                LastKeepalive = [DateTime]::Now.AddHours(-3); BytesSent = 10000; BytesReceived = 10000
            }
        }
        @{
            Type = 'MptConnectionInfo'; Headers = 'Name', 'Status', 'Paths up', 'Local', 'Remote', 'Sent'
            Sample = @{
                Name = 'MPT_connection_10.0.0.2'; LocalAddress = '10.0.0.2'; RemoteAddress = '10.0.0.3'; PathCount = 2; PathsUp = 1
                BytesSent = 10; BytesReceived = 10; Status = 'Up'; Peer = 'MptTools'
            }
        }
        @{
            Type = 'MptRuleInfo'; Headers = '#', 'Name', 'Packets', 'Action', 'Conditions'
            Sample = @{
                Connection = 'MPT_connection_10.0.0.2'; Index = 100; Name = 'Conversation'; Title = 'rule 100 (Conversation)'; Packets = 1234567890
                Action = 'paths=0,1 spread=duplicate'; Conditions = 'protocol=udp dst_port=5060-5061,10000-20000 src_addr=10.0.0.0/8 dscp=ef'
            }
        }
        @{
            Type = 'MptMappingInfo'; Headers = 'Source', 'Destination', 'Protocol', 'SrcPort', 'DstPort', 'Path', 'Spread', 'Rule'
            Sample = @{
                Source = '192.168.100.102'; Destination = '192.168.200.103'; Protocol = 'udp'; SourcePort = 50600; DestinationPort = 50610
                Spread = 'Duplicate'; Rule = 'tcp_dst of path 1'
            }
        }
        @{
            Type = 'MptServerInfo'; Headers = 'Name', 'Process', 'Started', 'Addresses', 'Connections', 'Paths up'
            Sample = @{
                Name = 'tun0'; ProcessId = 4711; StartedAt = [DateTime]::Now; Addresses = '10.0.0.2/24, fd00::2/64'; Connections = @('a')
                PathCount = 2; PathsUp = 2; ConfigDirectory = '/etc/mpttools'
            }
        }
        @{
            Type = 'MptEventInfo'; Headers = 'Time', 'Kind', 'Message'
            Sample = @{
                Time = [DateTime]::Now; Kind = 'ConnectionStarted'; Level = 'Warning'; Message = 'A sentence that goes on and on. ' * 9
            }
        }
        @{
            Type = 'MptLabInfo'; Headers = 'Name', 'Links up', 'Hosts', 'Links'
            Sample = @{ Name = 'demo'; Hosts = 'a_long_name_of_a_host', 'another_long_name_of_a_host'; Links = 'verylonglink001', 'verylonglink002'; LinksUp = 2 }
        }
        @{
            Type = 'MptConnectionMeasurement'; Headers = 'Connection', 'Paths up', 'Sent', 'Received', 'Lost', 'Loss out', 'Loss in', 'RTT'
            Sample = @{
                Connection = 'MPT_connection_10.0.0.2'; PathCount = 2; PathsUp = 2; SentBitsPerSecond = 999; ReceivedBitsPerSecond = 999
                LostPercent = 0.1; LossOutPercent = 0.2; LossInPercent = 0.3; RoundTripMilliseconds = 0.586
            }
        }
        @{
            Type = 'MptConfigFault'; Headers = 'Severity', 'File', 'Line', 'Key', 'Message'
            Sample = @{
                Severity = 'Error'; File = '/etc/mpttools/interface.conf'; Line = 3; Key = 'local_port'
                Message = 'A sentence that goes on and on. ' * 9
            }
        }
    ) {
        # Records with the shape of what a server gives; the views go by type name.
        $record = [pscustomobject] $Sample
        $record.PSTypeNames.Insert(0, "MptTools.$Type")
        $text = ($record | Out-String -Width 80).TrimEnd()
        # What no column shows would be seen by nobody; a level is seen by its colour, a path's detail behind its status.
        foreach ($value in $Sample.GetEnumerator().Where({ $_.Key -notin 'Level', 'Detail' }).Value | Where-Object { $_ -cmatch '^[A-Z]\w+$' }) {
            $text | Should -Match $value
        }
        foreach ($header in $Headers) { $text | Should -Match "(^|\s)$([regex]::Escape($header))(\s|$)" }
        ($text -split "`n" | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 80
    }

    It 'set what each path carried against its weight, within 80 columns' {
        $path = [pscustomobject]@{
            Connection = 'c'; Index = 10; Interface = 'enp0s31f6'; Status = 'Down'; PacketsSent = 123456789; BytesSent = 98765432; SharePercent = 33.333
            WeightSharePercent = 66.67; RateLimit = 19500000; BytesQueued = 102300; Drops = @{ RateLimit = 12; Oversize = 3 }
        }
        $path.PSTypeNames.Insert(0, 'MptTools.MptPathInfo')
        $text = ($path | Format-Table -View Share | Out-String -Width 80).Trim()
        $text | Should -Match '10 enp0s31f6 .*Down.* 123456789 94.2 MiB 33.3 % 66.7 % 19.5 Mbit/s 99.9 KiB\s+15$'
        ($text -split "`n" | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 80
    }

    It 'say which one it is in wide form for <Type>' -ForEach @(
        @{ Type = 'MptEventInfo'; Sample = [ordered] @{ Time = [DateTime]::Now; Message = 'The peer is back.' }; Shown = 'The peer is back.' }
        @{
            Type = 'MptPathMeasurement'; Shown = 'c1 0 eth1: 999 bit/s'
            Sample = [ordered] @{ Server = 'tun0'; Connection = 'c1'; Index = 0; Interface = 'eth1'; SentBitsPerSecond = 999 }
        }
        @{ Type = 'MptConnectionMeasurement'; Sample = [ordered] @{ Server = 'tun0'; Connection = 'c1'; SentBitsPerSecond = 999 }; Shown = 'c1: 999 bit/s' }
    ) {
        $record = [pscustomobject] $Sample
        $record.PSTypeNames.Insert(0, "MptTools.$Type")
        ($record | Format-Wide | Out-String -Width 80).Trim() | Should -Be $Shown
    }

    It 'mark what is down with colour, and only where colour is wanted' {
        $path = [pscustomobject]@{ Connection = 'c'; Index = 0; Interface = 'eth1'; Status = 'Down'; Detail = 'TakenDown' }
        $path.PSTypeNames.Insert(0, 'MptTools.MptPathInfo')
        $rendering = $PSStyle.OutputRendering
        try {
            $PSStyle.OutputRendering = 'Ansi'
            $path | Out-String | Should -Match ([regex]::Escape("$($PSStyle.Foreground.BrightRed)Down"))
            $PSStyle.OutputRendering = 'PlainText'
            $path | Out-String | Should -Not -Match "`e"
        }
        finally {
            $PSStyle.OutputRendering = $rendering
        }
    }

    It 'show <Bytes> bytes as <Text>' -ForEach @(
        @{ Bytes = 0; Text = '0 B' }
        @{ Bytes = 1023; Text = '1023 B' }
        @{ Bytes = 1024; Text = '1.0 KiB' }
        @{ Bytes = 102300; Text = '99.9 KiB' }
        @{ Bytes = 1048000; Text = '1023 KiB' }
        @{ Bytes = 1048570; Text = '1.0 MiB' }
        @{ Bytes = [long]::MaxValue; Text = '8.0 EiB' }
    ) {
        [MptTools.ByteText]::Of($Bytes) | Should -Be $Text
    }

    It 'show <Rate> bits a second as <Text>' -ForEach @(
        @{ Rate = 0; Text = '0 bit/s' }
        @{ Rate = 999.4; Text = '999 bit/s' }
        @{ Rate = 999.6; Text = '1.0 kbit/s' }
        @{ Rate = 94123456; Text = '94.1 Mbit/s' }
        @{ Rate = 123456789; Text = '123 Mbit/s' }
        @{ Rate = 12.86e9; Text = '12.9 Gbit/s' }
    ) {
        [MptTools.RateText]::Of($Rate) | Should -Be $Text
    }

    It 'show what was <Seconds> s ago as <Text>' -ForEach @(
        @{ Seconds = -5; Text = '0.0 s' }
        @{ Seconds = 0.44; Text = '0.4 s' }
        @{ Seconds = 11.9; Text = '11 s' }
        @{ Seconds = 119; Text = '119 s' }
        @{ Seconds = 121; Text = '2 min' }
        @{ Seconds = 7300; Text = '2 h' }
        @{ Seconds = 200000; Text = '2 d' }
    ) {
        [MptTools.AgeText]::Of([TimeSpan]::FromSeconds($Seconds)) | Should -Be $Text
    }
}

Describe 'Objects' -Skip:([bool] $obstacle) {
    BeforeDiscovery {
        $kinds = @(
            @{ Command = 'Get-MptServer'; Names = 'tun0' }
            @{ Command = 'Get-MptTunnel'; Names = 'tun0' }
            @{ Command = 'Get-MptConnection'; Names = 'peer' }
            @{ Command = 'Get-MptRule'; Names = 'peer rule 0 (voice)', 'peer rule 1', 'peer tcp_dst of path 0' }
            @{ Command = 'Test-MptMapping 10.0.0.2 10.0.0.3 -Protocol udp -DestinationPort 5060'; Names = 'udp 10.0.0.2 > 10.0.0.3:5060 dropped' }
            @{ Command = 'Get-MptPath'; Names = 'peer path 0 (eth1)', 'peer path 1 (eth2)' }
        )
    }

    BeforeAll {
        Import-Module $PSScriptRoot/Lab.psm1 -Force
        $lab = New-Lab objects
        $a = Enter-LabSession $lab a
        $null = Invoke-Lab $a "`$job = Start-MptServer '$(Join-Path $lab.Directory a)'; mpt path down 10.2.2.2 10.2.2.3"
        $null = Invoke-Lab $a 'Add-MptRule peer voice -Protocol udp -DestinationPort "5060-5061", 7 -Dscp cs0, ef -Path 0, 1; Add-MptRule peer -Prefer 1; Set-MptPath peer 0 -TcpDestinationPort 22'
    }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    It '<Command>: JSON is whole without any switch' -ForEach $kinds {
        $json, $warnings = Invoke-Lab $a "`$json = $Command | ConvertTo-Json -WarningVariable warned -WarningAction SilentlyContinue; `$json; @(`$warned).Count"
        $warnings | Should -Be 0
        foreach ($item in $json | ConvertFrom-Json) {
            foreach ($property in $item.PSObject.Properties) {
                # Plain values, lists of them, and tables of counters; never an enum's number, an address's bytes or a type's name.
                $values = if ($property.Value -is [pscustomobject]) { foreach ($counter in $property.Value.PSObject.Properties) { $counter.Value } }
                else { $property.Value }
                foreach ($value in @($values).Where({ $null -ne $_ })) {
                    $value.GetType() | Should -BeIn ([string], [long], [double], [bool], [datetime]) -Because $property.Name
                    "$value" | Should -Not -Match 'MptTools\.|System\.' -Because $property.Name
                }
            }
        }
    }

    It '<Command>: CSV holds every property as text' -ForEach $kinds {
        $rows = @((Invoke-Lab $a "$Command | ConvertTo-Csv") | ConvertFrom-Csv)
        $rows | Should -HaveCount @($Names).Count
        foreach ($value in $rows.ForEach({ $_.PSObject.Properties.Value })) { $value | Should -Not -Match 'System\.|MptTools\.' }
    }

    It '<Command>: Export-Clixml and back keeps every value' -ForEach $kinds {
        $file = Join-Path $lab.Directory objects.xml
        $different = Invoke-Lab $a @"
            `$before = @($Command); `$before | Export-Clixml $file; `$after = @(Import-Clixml $file)
            foreach (`$i in 0..(`$before.Count - 1)) {
                foreach (`$name in `$before[`$i].PSObject.Properties.Name) {
                    if ((ConvertTo-Json @(`$before[`$i].`$name)) -ne (ConvertTo-Json @(`$after[`$i].`$name))) { `$name }
                }
            }
"@
        $different | Should -BeNullOrEmpty
    }

    It '<Command>: each is named by its text' -ForEach $kinds {
        Invoke-Lab $a "$Command | ForEach-Object ToString" | Should -Be $Names
    }

    It 'are compared by Compare-Object' {
        Invoke-Lab $a 'Compare-Object (Get-MptPath) (Get-MptPath)' | Should -BeNullOrEmpty
        $change = Invoke-Lab $a '$before = Get-MptPath; $null = Set-MptPath peer 1 Up; Compare-Object $before (Get-MptPath) -Property Index, Detail'
        ($change | Where-Object SideIndicator -EQ '<=').Detail | Should -Be TakenDown
        ($change | Where-Object SideIndicator -EQ '=>').Detail | Should -Not -Be TakenDown
    }

    It 'tell events and faults as plainly' {
        $events = (Invoke-Lab $a 'Receive-Job $job -Keep -WarningAction Ignore | ConvertTo-Json') | ConvertFrom-Json
        $started = $events | Where-Object Kind -EQ ServerStarted
        $started.Level | Should -Be Notice
        $started.Time | Should -BeOfType datetime
        Set-Content (Join-Path $lab.Directory interface.conf) '[general]'
        $fault = (Invoke-Lab $a "Test-MptConfig $($lab.Directory) | ConvertTo-Json") | ConvertFrom-Json | Select-Object -First 1
        $fault.Severity | Should -BeIn Error, Warning
    }
}
