# Networks of connections, and addresses and interfaces of the host, changed while the server runs.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $obstacle = Get-LabObstacle
}

Describe 'Networks, addresses and interfaces of a running server' -Skip:([bool] $obstacle) {
    BeforeAll {
        Import-Module $PSScriptRoot/Lab.psm1 -Force
        $lab = New-Lab net
        $a = Enter-LabSession $lab a
        $config = Join-Path $lab.Directory a
        $null = Invoke-Lab $a "Start-MptServer '$config' | Select-Object Id; Set-Location '$config'"
    }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    It 'have networks with their routes' {
        $added = Invoke-Lab $a 'Add-MptNetwork pe* 192.168.1.0/24 192.168.5.0/24 -PassThru'
        $added.Server, $added.Connection, $added.Index, $added.Source, $added.Destination | Should -Be tun0, peer, 0, 192.168.1.0/24, 192.168.5.0/24
        ip -n $lab.Hosts.a route show 192.168.5.0/24 | Should -Match 'dev tun0'
        $null = Invoke-Lab $a 'Get-MptConnection | Add-MptNetwork -Source fd00:1::/64 -Destination fd00:5::/64'
        (Invoke-Lab $a 'Get-MptNetwork').Destination | Should -Be 192.168.5.0/24, fd00:5::/64
        (Invoke-Lab $a 'Get-MptConnection pee? | Get-MptNetwork').Index | Should -Be 0, 1
    }

    It 'put networks into a CSV file and take them from there' {
        $null = Invoke-Lab $a 'Get-MptNetwork | Export-Csv networks.csv; Get-MptNetwork | Remove-MptNetwork -Confirm:$false'
        Invoke-Lab $a 'Get-MptNetwork' | Should -BeNullOrEmpty
        ip -n $lab.Hosts.a route show 192.168.5.0/24 | Should -BeNullOrEmpty
        $null = Invoke-Lab $a 'Import-Csv networks.csv | Add-MptNetwork'
        (Invoke-Lab $a 'Get-MptNetwork').Source | Should -Be 192.168.1.0/24, fd00:1::/64
    }

    It 'add and remove addresses, and go on after a wrong one' {
        $answer = Invoke-Lab $a 'Add-MptAddress eth1 10.5.0.1/24, 10.5.0.300/24, 1, 10.5.0.2/33, fd00:9::1 -ErrorAction SilentlyContinue -ErrorVariable faults; $faults.TargetObject; $faults.FullyQualifiedErrorId | Select-Object -Unique'
        $answer | Should -Be 10.5.0.300/24, 1, 10.5.0.2/33, 'InvalidSetting,MptTools.Cmdlets.AddMptAddressCommand'
        $own = (ip -n $lab.Hosts.a -json address show eth1 | ConvertFrom-Json).addr_info | ForEach-Object { "$($_.local)/$($_.prefixlen)" }
        $own | Should -Contain 10.5.0.1/24
        $own | Should -Contain fd00:9::1/64
        $null = Invoke-Lab $a '[pscustomobject]@{ Interface = "eth1"; Address = "10.5.0.1/24", "fd00:9::1/64" } | Remove-MptAddress -Confirm:$false'
        $own = (ip -n $lab.Hosts.a -json address show eth1 | ConvertFrom-Json).addr_info.local
        $own | Should -Not -Contain 10.5.0.1
        $own | Should -Not -Contain fd00:9::1
    }

    It 'set interfaces down with a question and up without' {
        $failure = { Invoke-Lab $a 'Set-MptInterface eth2 Down' } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidOperation,*SetMptInterfaceCommand'
        (ip -n $lab.Hosts.a -json link show eth2 | ConvertFrom-Json).flags | Should -Contain UP
        $null = Invoke-Lab $a 'Get-MptPath -Interface eth2 | Set-MptInterface -Status Down -Confirm:$false'
        (ip -n $lab.Hosts.a -json link show eth2 | ConvertFrom-Json).flags | Should -Not -Contain UP
        Wait-Lab $a '(Get-MptPath -Interface eth2).Detail -eq "InterfaceDown"'
        $text = Invoke-Lab $a 'Set-MptInterface eth2 Up -Verbose 4>&1 | ForEach-Object Message'
        $text | Should -Contain 'Setting eth2 up on the host of server tun0.'
        (ip -n $lab.Hosts.a -json link show eth2 | ConvertFrom-Json).flags | Should -Contain UP
    }

    It 'answer <What> with <Id>' -ForEach @(
        @{ What = 'a network twice'; Command = 'Add-MptNetwork peer 192.168.1.0/24 192.168.5.0/24'; Id = 'InvalidSetting'; Message = '*has the network * already.' }
        @{ What = 'no network'; Command = 'Add-MptNetwork peer 192.168.1.0/24 there'; Id = 'InvalidSetting'; Message = '*"there" is no network.*' }
        @{ What = 'a network that is not there'; Command = 'Remove-MptNetwork peer 192.168.1.0/24 192.168.9.0/24 -Confirm:$false'; Id = 'NotFound'; Message = 'peer has no network * It has *' }
        @{ What = 'networks of nobody'; Command = 'Get-MptNetwork nobody'; Id = 'NotFound'; Message = "Server 'tun0' has no connection 'nobody'." }
        @{ What = 'a removal nobody confirms'; Command = 'Get-MptNetwork | Remove-MptNetwork'; Id = 'InvalidOperation'; Message = '*' }
        @{ What = 'an address on no interface'; Command = 'Add-MptAddress eth9 10.5.0.1/24'; Id = 'NotFound'; Message = '*cannot be added to eth9: there is no such interface*' }
        @{ What = 'an IPv4 address twice'; Command = 'Add-MptAddress eth1 10.1.1.2/24'; Id = 'Failed'; Message = '*cannot be added to eth1: the interface has it already.' }
        @{ What = 'an IPv6 address twice'; Command = 'Add-MptAddress eth1 fd00:8::1/64, fd00:8::1/64'; Id = 'Failed'; Message = '*cannot be added to eth1: the interface has it already.' }
        @{ What = 'an address that is not there'; Command = 'Remove-MptAddress eth1 10.7.7.7/24 -Confirm:$false'; Id = 'NotFound'; Message = '*the interface does not have it*' }
        @{ What = 'an IPv6 address that is not there'; Command = 'Remove-MptAddress eth1 fd00:7::7/64 -Confirm:$false'; Id = 'NotFound'; Message = '*the interface does not have it*' }
        @{ What = 'a removal of an address nobody confirms'; Command = 'Remove-MptAddress eth1 10.1.1.2/24'; Id = 'InvalidOperation'; Message = '*' }
        @{ What = 'no interface'; Command = 'Set-MptInterface eth9 Up'; Id = 'NotFound'; Message = 'eth9 cannot be set up: there is no such interface*' }
    ) {
        $failure = { Invoke-Lab $a $Command } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike "$Id,MptTools.Cmdlets.*"
        $failure.Exception.Message | Should -BeLike $Message
    }

    It 'change nothing with -WhatIf' {
        $before = ip -n $lab.Hosts.a -br address
        Invoke-Lab $a 'Get-MptNetwork | Remove-MptNetwork -WhatIf; Add-MptNetwork peer 10.8.0.0/16 10.9.0.0/16 -WhatIf
            Add-MptAddress eth1 10.5.0.1/24 -WhatIf; Remove-MptAddress eth1 10.1.1.2/24 -WhatIf; Set-MptInterface eth1 Down -WhatIf'
        ip -n $lab.Hosts.a -br address | Should -Be $before
        (Invoke-Lab $a 'Get-MptNetwork').Destination | Should -Be 192.168.5.0/24, fd00:5::/64
    }

    It 'complete what there is' {
        Invoke-Lab $a '(TabExpansion2 "Set-MptInterface eth").CompletionMatches.CompletionText' | Should -Be eth1, eth2
        Invoke-Lab $a '(TabExpansion2 "Remove-MptAddress eth2 10.").CompletionMatches.CompletionText' | Should -Be 10.2.2.2/24
        Invoke-Lab $a '(TabExpansion2 "Remove-MptNetwork peer 192").CompletionMatches.CompletionText' | Should -Be 192.168.1.0/24
        Invoke-Lab $a '(TabExpansion2 "Remove-MptNetwork peer 192.168.1.0/24 fd").CompletionMatches.CompletionText' | Should -Be fd00:5::/64
        Invoke-Lab $a '(TabExpansion2 "New-MptConnection c 10.").CompletionMatches.CompletionText' | Should -Be 10.0.0.2
    }
}
