# Rules that decide which path a packet takes, changed while the server runs.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $obstacle = Get-LabObstacle
}

Describe 'Rules of a running server' -Skip:([bool] $obstacle) {
    BeforeAll {
        Import-Module $PSScriptRoot/Lab.psm1 -Force
        $lab = New-Lab rules
        $a = Enter-LabSession $lab a
        $config = Join-Path $lab.Directory a
        $null = Invoke-Lab $a "Start-MptServer '$config' | Select-Object Id; Set-Location '$config'"
    }

    BeforeEach {
        $null = Invoke-Lab $a 'Set-MptPath peer 0, 1 -TcpDestinationPort $null; Get-MptRule | Remove-MptRule -Confirm:$false; Set-MptConnection peer -Mapping Combined'
    }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    It 'are added with what they ask for and say, and read back the same' {
        $rule = Invoke-Lab $a 'Add-MptRule pe* voice -Protocol udp, 47 -SourcePort 5060 -DestinationPort 5060, "8000-8099" -SourceAddress 10.0.0.0/8, fd00::/8 -DestinationAddress 192.0.2.7 -Dscp ef, 8 -Path 0, 1 -Spread Bytes -Strict -Setting @{ protocol = "udp" } -PassThru'
        $rule.Server, $rule.Connection, $rule.Index, $rule.Name, $rule.Title | Should -Be tun0, peer, 0, voice, 'rule 0 (voice)'
        $rule.Protocol + $rule.SourcePort + $rule.DestinationPort | Should -Be udp, 5060, 5060, 8000-8099
        $rule.SourceAddress + $rule.DestinationAddress | Should -Be 10.0.0.0/8, fd00::/8, 192.0.2.7/32
        $rule.Dscp | Should -Be ef, cs1
        $rule.Path | Should -Be 0, 1
        $rule.Spread, $rule.Strict, $rule.Prefer | Should -Be Bytes, $true, $null
        $rule = Invoke-Lab $a 'Add-MptRule peer -Prefer 1 -PassThru'
        $rule.Index, $rule.Name, $rule.Prefer, $rule.Spread, $rule.Strict | Should -Be 1, $null, 1, $null, $false
    }

    It 'come where -At says, several in the order they are piped' {
        $null = Invoke-Lab $a 'Add-MptRule peer last -Path 0; "first", "second" | ForEach-Object { [pscustomobject]@{ Name = $_; Path = "0, 1"; Strict = "False" } } | Add-MptRule -Connection peer -At 0'
        Invoke-Lab $a '(Get-MptRule).Name' | Should -Be first, second, last
        (Invoke-Lab $a 'Get-MptRule peer 0').Path | Should -Be 0, 1
        (Invoke-Lab $a 'Get-MptRule peer 0').Strict | Should -BeFalse
    }

    It 'are added to piped connections without taking their name for the rule''s' {
        (Invoke-Lab $a 'Get-MptConnection | Add-MptRule -Path 0 -PassThru').Name | Should -BeNullOrEmpty
        (Invoke-Lab $a 'Get-MptConnection | Add-MptRule -Name own -Path 0 -PassThru').Name | Should -Be own
        (Invoke-Lab $a 'Get-MptConnection | Export-Clixml c.xml; Import-Clixml c.xml | Add-MptRule -Path 0 -PassThru').Name | Should -BeNullOrEmpty
    }

    It 'go through a CSV file and come out the same' {
        $null = Invoke-Lab $a 'Add-MptRule peer one -Protocol tcp, udp -DestinationPort 80, "1-9" -Dscp ef -Path 0, 1 -Spread Flow; Add-MptRule peer -SourceAddress fd00::/8, 10.1.1.1 -Prefer 1; Add-MptRule peer three -Path 1 -Strict'
        $before = Invoke-Lab $a 'Get-MptRule | Export-Csv rules.csv; Get-MptRule'
        $null = Invoke-Lab $a 'Get-MptRule | Remove-MptRule -Confirm:$false'
        $after = Invoke-Lab $a 'Import-Csv rules.csv | Add-MptRule; Get-MptRule'
        $after | Should -HaveCount 3
        ($after | ConvertTo-Json -Depth 3) | Should -Be ($before | ConvertTo-Json -Depth 3)
    }

    It 'are copied as objects' {
        $null = Invoke-Lab $a 'Add-MptRule peer one -Protocol tcp, udp -DestinationPort 80, "1-9" -Path 0, 1 -Spread Flow; Get-MptRule | Add-MptRule'
        $one, $other = Invoke-Lab $a 'Get-MptRule'
        $other.Conditions, $other.Action | Should -Be $one.Conditions, $one.Action
    }

    It 'are got by number, by name and of piped connections, and those that ports say have no number' {
        $null = Invoke-Lab $a '"one", "two", "three" | ForEach-Object { Add-MptRule peer $_ -Path 0 }; Set-MptPath peer 1 -TcpDestinationPort 22, "8000-8099"'
        (Invoke-Lab $a 'Get-MptRule peer 0, 2').Name | Should -Be one, three
        (Invoke-Lab $a 'Get-MptConnection | Get-MptRule -Name t*').Index | Should -Be 1, 2
        $ports = Invoke-Lab $a 'Get-MptRule | Where-Object { $null -eq $_.Index }'
        $ports.Title, ($ports.DestinationPort -join ' '), ($ports.Path -join ' ') | Should -Be 'tcp_dst of path 1', '22 8000-8099', '1'
        (Invoke-Lab $a '(Get-MptPath peer 1).TcpDestinationPort') | Should -Be 22, 8000-8099
        (Invoke-Lab $a '(Get-MptConnection).RuleCount') | Should -Be 4
    }

    It 'are changed one setting at a time, and what is given as nothing is asked for no more' {
        $null = Invoke-Lab $a 'Add-MptRule peer voice -Protocol udp -DestinationPort 5060 -Dscp ef -Path 0, 1 -Spread Flow'
        $rule = Invoke-Lab $a 'Get-MptRule | Set-MptRule -Path 1 -NewName call -Strict $true -PassThru'
        $rule.Name, "$($rule.Path)", $rule.Strict, $rule.Spread, "$($rule.Protocol)" | Should -Be call, 1, $true, Flow, udp
        $rule = Invoke-Lab $a 'Set-MptRule peer -Name ca* -DestinationPort "" -Dscp @() -Protocol $null -Spread $null -NewName "" -PassThru'
        $rule.Name, $rule.Conditions, $rule.Action | Should -Be $null, '', 'paths=1 strict=1'
        $rule = Invoke-Lab $a 'Set-MptRule peer 0 -Setting @{ strict = "" } -Path "" -Prefer 0 -PassThru'
        $rule.Action | Should -Be 'prefer=0'
        (Invoke-Lab $a 'Set-MptRule peer 0 -Path 1 -Prefer $null -PassThru').Action | Should -Be 'paths=1'
    }

    It 'are removed by the pipeline, all that were piped and no others' {
        $null = Invoke-Lab $a '"one", "two", "three", "four", "five" | ForEach-Object { Add-MptRule peer $_ -Path 0 }'
        $null = Invoke-Lab $a 'Get-MptRule peer 0, 2, 3 | Remove-MptRule -Confirm:$false'
        Invoke-Lab $a '(Get-MptRule).Name' | Should -Be two, five
        $null = Invoke-Lab $a 'Remove-MptRule peer 1, 0 -Confirm:$false'
        Invoke-Lab $a 'Get-MptRule' | Should -BeNullOrEmpty
    }

    It 'are removed by the pipeline where others say the same' {
        $null = Invoke-Lab $a '0, 1, 1, 0, 1, 0 | ForEach-Object { Add-MptRule peer -Path $_ }'
        $said = Invoke-Lab $a 'Get-MptRule peer 0, 3 | Remove-MptRule -Confirm:$false -Verbose 4>&1 | ForEach-Object Message'
        $said -match '^Removing' -replace ' of connection.*' | Should -Be 'Removing rule 3', 'Removing rule 0'
        Invoke-Lab $a '(Get-MptRule).Action' | Should -Be paths=1, paths=1, paths=1, paths=0
    }

    It 'are found where they have moved to, one command after the other' {
        $null = Invoke-Lab $a '"one", "two", "three", "four" | ForEach-Object { Add-MptRule peer $_ -Path 0 }'
        $null = Invoke-Lab $a 'Get-MptRule -Name one, two, four | ForEach-Object { $_ | Remove-MptRule -Confirm:$false }'
        Invoke-Lab $a '(Get-MptRule).Name' | Should -Be three
        $null = Invoke-Lab $a '$rule = Get-MptRule; Add-MptRule peer new -Path 1 -At 0; $rule | Set-MptRule -Path 1'
        Invoke-Lab $a '(Get-MptRule).Name + (Get-MptRule).Action' | Should -Be new, three, paths=1, paths=1
    }

    It 'are left alone where somebody has changed them, also rows of a file' {
        $null = Invoke-Lab $a 'Add-MptRule peer one -Path 0; Add-MptRule peer two -Path 0; Get-MptRule | Export-Csv rules.csv; $rule = Get-MptRule peer 0; Set-MptRule peer 0 -Path 1'
        foreach ($command in '$rule | Remove-MptRule -Confirm:$false', '$rule | Set-MptRule -Strict $true', 'Import-Csv rules.csv | Select-Object -First 1 | Remove-MptRule -Confirm:$false') {
            $failure = { Invoke-Lab $a $command } | Should -Throw -PassThru -Because $command
            $failure.FullyQualifiedErrorId | Should -BeLike 'OtherRule,MptTools.Cmdlets.*'
            $failure.Exception.Message | Should -BeLike 'Rule 0 of connection peer is no longer what it was: it is every packet to paths=1 now*'
        }
        $null = Invoke-Lab $a '$rule = Get-MptRule peer 1; Remove-MptRule peer 1 -Confirm:$false'
        $failure = { Invoke-Lab $a '$rule | Remove-MptRule -Confirm:$false' } | Should -Throw -PassThru
        $failure.Exception.Message | Should -BeLike '*there is none of this number*'
        Invoke-Lab $a '(Get-MptRule).Action' | Should -Be paths=1
    }

    It 'are asked about before they go' {
        $null = Invoke-Lab $a 'Add-MptRule peer one -Path 0'
        # Nobody can answer in this session.
        $failure = { Invoke-Lab $a 'Get-MptRule | Remove-MptRule' } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidOperation,*RemoveMptRuleCommand'
        Invoke-Lab $a '(Get-MptRule).Name' | Should -Be one
    }

    It 'change nothing with -WhatIf' {
        $null = Invoke-Lab $a 'Add-MptRule peer one -Path 0; Get-MptRule | Set-MptRule -Path 1 -WhatIf; Get-MptRule | Remove-MptRule -WhatIf; Add-MptRule peer two -Path 0 -WhatIf'
        Invoke-Lab $a '(Get-MptRule).Title' | Should -Be 'rule 0 (one)'
        Invoke-Lab $a '(Get-MptRule).Action' | Should -Be paths=0
    }

    It 'are told of when nobody asks them' {
        Invoke-Lab $a 'Add-MptRule peer one -Path 0 3>&1' | Should -BeNullOrEmpty
        $said = Invoke-Lab $a 'Set-MptConnection peer -Mapping Flow; Add-MptRule peer two -Path 0 -WarningVariable said -WarningAction SilentlyContinue; $said.Message'
        $said | Should -BeLike '*does not ask its rules, because its mapping is Flow. Set-MptConnection peer -Mapping Combined*'
        Invoke-Lab $a 'Set-MptPath peer 0 -TcpDestinationPort 80 -WarningVariable said -WarningAction SilentlyContinue; $said.Count' | Should -Be 1
        Invoke-Lab $a 'Set-MptPath peer 0 -WeightOut 1 -TcpDestinationPort $null -WarningVariable said -WarningAction SilentlyContinue; $said.Count' | Should -Be 0
    }

    It 'are written to the file by Save-MptConfig' {
        $null = Invoke-Lab $a 'Add-MptRule peer kept -Protocol udp -DestinationPort 53 -Path 1; $null = Save-MptConfig'
        $text = Get-Content (Join-Path $config connections/peer.conf) -Raw
        $text | Should -Match '(?ms)^\[rule_0\].*^name\s*=\s*kept\s.*^dst_port\s*=\s*53\s'
    }

    It 'complete their numbers and names' {
        $null = Invoke-Lab $a 'Add-MptRule peer one -Path 0; Add-MptRule peer -Path 0'
        Invoke-Lab $a '(TabExpansion2 "Remove-MptRule peer " 20).CompletionMatches.CompletionText' | Should -Be 0, 1
        Invoke-Lab $a '(TabExpansion2 "Set-MptRule peer -Name " 23).CompletionMatches.CompletionText' | Should -Be one
        Invoke-Lab $a '(TabExpansion2 "Add-MptRule peer -Protocol u" 28).CompletionMatches.CompletionText' | Should -Be udp
        Invoke-Lab $a '(TabExpansion2 "Add-MptRule peer -Spread d" 26).CompletionMatches.CompletionText' | Should -Be Duplicate
    }

    It 'answer <What> with <Id>' -ForEach @(
        @{ What = 'a rule that is not there'; Command = 'Set-MptRule peer 7 -Path 1'; Id = 'NotFound'; Message = 'Connection peer has no rule 7; it has none.' }
        @{ What = 'a name that no rule has'; Command = 'Remove-MptRule peer -Name nobody'; Id = 'NotFound'; Message = "Server 'tun0' has no rule 'nobody'." }
        @{ What = 'a name to get that no rule has'; Command = 'Get-MptRule -Name nobody'; Id = 'NotFound'; Message = "Server 'tun0' has no rule 'nobody'." }
        @{ What = 'a connection that is not there'; Command = 'Add-MptRule nobody -Path 0'; Id = 'NotFound'; Message = "Server 'tun0' has no connection 'nobody'." }
        @{ What = 'paths'; Command = 'Get-MptPath | Remove-MptRule -Confirm:$false'; Id = 'NotARule'; Message = "'peer path 0 (eth1)' is no rule*" }
        @{ What = 'ports of a path'; Command = 'Set-MptPath peer 1 -TcpDestinationPort 22; Get-MptRule | Remove-MptRule -Confirm:$false'; Id = 'RuleOfPorts'; Message = 'tcp_dst of path 1 is no rule of its own*' }
        @{ What = 'a rule that says nothing'; Command = 'Add-MptRule peer one -Protocol udp'; Id = 'InvalidSetting'; Message = '*does not say where its packets go*' }
        @{ What = 'a path that is not there'; Command = 'Add-MptRule peer -Path 7'; Id = 'InvalidSetting'; Message = '*is no path of the connection*' }
        @{ What = 'ports that are none'; Command = 'Add-MptRule peer -DestinationPort 80, 99999 -Path 0'; Id = 'ParameterArgumentValidationError'; Message = '*is above 65535*' }
        @{ What = 'a protocol that is none'; Command = 'Add-MptRule peer -Protocol tpc -Path 0'; Id = 'ParameterArgumentValidationError'; Message = '*the nearest name is tcp*' }
        @{ What = 'no network'; Command = 'Add-MptRule peer -SourceAddress here -Path 0'; Id = 'ParameterArgumentValidationError'; Message = '*neither a network nor an address*' }
        @{ What = 'no codepoint'; Command = 'Set-MptRule peer 0 -Dscp best'; Id = 'ParameterArgumentValidationError'; Message = '*no codepoint*' }
        @{ What = 'a name of two words'; Command = 'Add-MptRule peer "two words" -Path 0'; Id = 'ParameterArgumentValidationError'; Message = '*more than one word*' }
        @{ What = 'a place behind the last'; Command = 'Add-MptRule peer -Path 0 -At 3'; Id = 'InvalidSetting'; Message = '*Choose one from 0 to 0*' }
        @{ What = 'nothing to set'; Command = 'Set-MptRule peer 0'; Id = 'NothingToSet'; Message = '*not told what to change*' }
        @{ What = 'a setting twice'; Command = 'Set-MptRule peer 0 -Path 1 -Setting @{ Paths = 0 }'; Id = 'SettingTwice'; Message = '*gives Paths*' }
    ) {
        $failure = { Invoke-Lab $a $Command } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike "$Id,MptTools.Cmdlets.*Command"
        $failure.Exception.Message | Should -BeLike $Message
        if ($Id -ne 'ParameterArgumentValidationError') { $failure.ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty }
    }
}
