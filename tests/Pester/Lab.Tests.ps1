# Labs made by the module's own cmdlets, in this very pwsh.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $obstacle = Get-LabObstacle
}

BeforeAll {
    $root = (Resolve-Path $PSScriptRoot/../..).Path
    Import-Module $root/MptTools.psd1 -Force

    # What is left of labs of this process, or of one that has ended.
    function Get-Remainder([int] $Process = $PID) {
        @(
            ip netns list | Where-Object { $_ -like "mptlab-$Process-*" }
            Get-ChildItem /run/mptlab -Directory -Filter "mptlab-$Process-*" -ErrorAction Ignore | ForEach-Object FullName
        )
    }

    function Wait-Until([scriptblock] $Condition, [int] $Seconds = 20) {
        $limit = [DateTime]::UtcNow.AddSeconds($Seconds)
        while (-not (& $Condition)) {
            if ([DateTime]::UtcNow -gt $limit) { throw "Not true within $Seconds s: $Condition" }
        }
    }
}

AfterAll {
    Get-MptLab | Remove-MptLab
}

Describe 'The module with labs' -Skip:([bool] $obstacle) {
    It 'does not load the assembly of labs before one is made' {
        $script = "Import-Module '$root/MptTools.psd1'; Get-MptLab; [AppDomain]::CurrentDomain.GetAssemblies().ForEach({ `$_.GetName().Name }) -match '^MptTools'"
        & (Get-Process -Id $PID).Path -NoProfile -Command $script | Sort-Object | Should -Be MptTools, MptTools.Engine
    }
}

Describe 'New-MptLab' -Skip:([bool] $obstacle) {
    AfterEach {
        Get-MptLab | Remove-MptLab
    }

    It 'gives two hosts, two links and their configuration for nothing' {
        $lab = New-MptLab
        $lab.Name | Should -Be lab
        $lab.Hosts | Should -Be A, B
        $lab.Links | Should -Be eth1, eth2
        $lab.LinksUp | Should -Be 2
        $link = $lab | Get-MptLabLink eth2
        "$link" | Should -Be 'A:eth2 - B:eth2'
        $link.AddressA, $link.AddressB | Should -Be 10.2.2.2/24, 10.2.2.3/24
        foreach ($name in $lab.Hosts) { Test-MptConfig "$($lab.ConfigPath)/$name" | Should -BeNullOrEmpty }
        $lab.Namespaces | ForEach-Object { Join-Path /run/netns $_ } | Should -Exist
    }

    It 'finds free names, and refuses one that is taken' {
        (New-MptLab -LinkCount 0).Name | Should -Be lab
        (New-MptLab -LinkCount 0).Name | Should -Be lab2
        $failure = { New-MptLab LAB -LinkCount 0 } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -Be 'LabExists,MptTools.Cmdlets.NewMptLabCommand'
        (Get-MptLab).Name | Should -Be lab, lab2
    }

    It 'gives all links the same conditions' {
        $links = New-MptLab -LinkCount 3 -RateMbps 12.5 -DelayMilliseconds 2.5 -JitterMilliseconds 1 -LossPercent 3 -QueuePackets 40 -Mtu 1400 | Get-MptLabLink
        $links | Should -HaveCount 3
        foreach ($link in $links) {
            $link.Mtu | Should -Be 1400
            foreach ($way in $link.AToB, $link.BToA) {
                $way.RateMbps, $way.DelayMilliseconds, $way.JitterMilliseconds, $way.LossPercent, $way.QueuePackets | Should -Be 12.5, 2.5, 1, 3, 40
            }
        }
    }

    It 'makes links of hashtables: over a router, of the kernel, of another version of IP' {
        $lab = New-MptLab net -Link @(
            @{ HostA = 'left'; HostB = 'router'; RateMbps = 5 }
            @{ HostA = 'router'; HostB = 'right'; Type = 'Veth'; InterfaceA = 'up0'; InterfaceB = 'up1'; Link = 'up' }
            @{ HostA = 'left'; HostB = 'right'; AddressA = 'fd00:9::2/64'; AddressB = 'fd00:9::3/64' }
        )
        $lab.Hosts | Should -Be left, router, right
        # With more than two hosts nobody can know who tunnels to whom.
        $lab.ConfigPath | Should -BeNullOrEmpty
        $links = Get-MptLabLink
        $links.Link | Should -Be eth1, up, eth3
        $links.Type | Should -Be Emulated, Veth, Emulated
        $links.AToB.RateMbps | Should -Be 5, 0, 0
        "$($links[1])" | Should -Be 'router:up0 - right:up1'
        Invoke-MptLab router { sysctl -q -w net.ipv4.ip_forward=1 }
        Invoke-MptLab left { ip route add 10.2.2.0/24 via 10.1.1.3 }
        Invoke-MptLab right { ip route add 10.1.1.0/24 via 10.2.2.2 }
        $null = Invoke-MptLab left { ping -c 1 -W 2 10.2.2.3; $LASTEXITCODE; ping -c 1 -W 2 fd00:9::3 }
        $LASTEXITCODE | Should -Be 0
    }

    It 'takes no lab that contradicts itself: <Why>' -ForEach @(
        @{ Why = 'an unknown key'; Parameters = @{ Link = @{ Colour = 'red' } }; Message = "*'Colour'*HostA*" }
        @{ Why = 'a value out of range'; Parameters = @{ Link = @{ LossPercent = 101 } }; Message = '*LossPercent*0 to 100*' }
        @{ Why = 'no number'; Parameters = @{ Link = @{ RateMbps = 'fast' } }; Message = "*RateMbps = 'fast'*" }
        @{ Why = 'a host that is not there'; Parameters = @{ HostName = 'x', 'y'; Link = @{ HostA = 'z' } }; Message = "*'z'*x, y*" }
        @{ Why = 'two hosts of one name'; Parameters = @{ HostName = 'x', 'X' }; Message = '*Two hosts*' }
        @{ Why = 'two links of one name'; Parameters = @{ Link = @{ Link = 'l' }, @{ Link = 'l' } }; Message = '*Two links*' }
        @{ Why = 'a veth pair with a delay'; Parameters = @{ LinkType = 'Veth'; DelayMilliseconds = 1 }; Message = '*Veth*delay 1 ms*' }
    ) {
        $failure = { New-MptLab refused @Parameters } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -Be 'InvalidLab,MptTools.Cmdlets.NewMptLabCommand'
        $failure.Exception.Message | Should -BeLike $Message
        Get-Remainder | Should -BeNullOrEmpty
    }

    It 'leaves nothing of a lab that the system refuses' {
        $failure = { New-MptLab refused -Link @{ AddressA = '10.1.1.2' } } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -Be 'LabNotMade,MptTools.Cmdlets.NewMptLabCommand'
        $failure.Exception.Message | Should -Match '10\.1\.1\.2.*prefix length'
        Get-Remainder | Should -BeNullOrEmpty
        Get-MptLab | Should -BeNullOrEmpty
    }

    It 'names what a name can be' {
        { New-MptLab 'two words' } | Should -Throw -ExpectedMessage "*1 to 40 letters, digits, '_' or '.'*"
    }

    It 'makes nothing with -WhatIf' {
        New-MptLab -WhatIf
        Get-MptLab | Should -BeNullOrEmpty
        Get-Remainder | Should -BeNullOrEmpty
    }

    It 'takes the files of a host that has some, and leaves files at a place of the user''s' {
        $directory = Join-Path $TestDrive files
        Copy-Item $root/conf $directory -Recurse
        Remove-Item $directory/hostB -Recurse
        $lab = New-MptLab -HostName hostA, hostB -ConfigPath $directory
        $lab.ConfigPath | Should -Be $directory
        Get-Content $directory/hostA/interface.conf -Raw | Should -Be (Get-Content $root/conf/hostA/interface.conf -Raw)
        $lab | Remove-MptLab
        Test-MptConfig $directory/hostB -Quiet | Should -BeTrue
    }
}

Describe 'Get-MptLab and Remove-MptLab' -Skip:([bool] $obstacle) {
    AfterEach {
        Get-MptLab | Remove-MptLab
    }

    It 'select by name and wildcards' {
        $null = 'one', 'two', 'three' | ForEach-Object { New-MptLab $_ -LinkCount 0 }
        (Get-MptLab t*).Name | Should -Be two, three
        Remove-MptLab t*
        (Get-MptLab).Name | Should -Be one
    }

    It 'go on after a name that is not there' {
        $null = New-MptLab one -LinkCount 0
        'none', 'one' | Remove-MptLab -ErrorVariable missing -ErrorAction SilentlyContinue
        $missing.FullyQualifiedErrorId | Should -Be 'LabNotFound,MptTools.Cmdlets.RemoveMptLabCommand'
        Get-MptLab | Should -BeNullOrEmpty
        { Get-MptLab none -ErrorAction Stop } | Should -Throw -ErrorId 'LabNotFound,MptTools.Cmdlets.GetMptLabCommand'
    }

    It 'remove nothing with -WhatIf' {
        $lab = New-MptLab -LinkCount 0
        $lab | Remove-MptLab -WhatIf
        Get-MptLab | Should -Not -BeNullOrEmpty
    }

    It 'stop what runs: scripts, servers, and programs that will not end' {
        $lab = New-MptLab
        $null = Invoke-MptLab A { $server = Start-MptServer; $server }
        $job = Invoke-MptLab A { $server }
        $shell = [powershell]::Create().AddScript("Import-Module '$root/MptTools.psd1'; Invoke-MptLab B { sh -c 'trap : 2 15; sleep 1000 & echo `$!; wait' }")
        $output = [Management.Automation.PSDataCollection[psobject]]::new()
        $running = $shell.BeginInvoke([Management.Automation.PSDataCollection[psobject]]::new(), $output)
        Wait-Until { $output.Count -gt 0 }
        $lab | Remove-MptLab
        $job.State | Should -Be Stopped
        # Whoever has inherited it may not have taken its end to notice yet.
        ps -o stat= -p $output[0] | Where-Object { $_ -notmatch "^Z" } | Should -BeNullOrEmpty
        Get-Remainder | Should -BeNullOrEmpty
        $shell.Stop()
        $shell.Dispose()
    }

    It 'are not needed when pwsh ends: <Ending>' -ForEach @(
        @{ Ending = 'by itself' }
        @{ Ending = 'TERM' }
        @{ Ending = 'HUP' }
    ) {
        $script = "Import-Module '$root/MptTools.psd1'; `$lab = New-MptLab; `$null = Invoke-MptLab A, B { Start-MptServer }; [Console]::WriteLine('made'); [Console]::ReadLine()"
        $start = [Diagnostics.ProcessStartInfo]::new((Get-Process -Id $PID).Path)
        '-NoProfile', '-Command', $script | ForEach-Object { $start.ArgumentList.Add($_) }
        $start.RedirectStandardInput = $start.RedirectStandardOutput = $true
        $process = [Diagnostics.Process]::Start($start)
        try {
            $process.StandardOutput.ReadLine() | Should -Be made
            Get-Remainder $process.Id | Should -Not -BeNullOrEmpty
            if ($Ending -eq 'by itself') { $process.StandardInput.Close() } else { kill -s $Ending $process.Id }
            $process.WaitForExit(20000) | Should -BeTrue
            Get-Remainder $process.Id | Should -BeNullOrEmpty
        }
        finally {
            if (-not $process.HasExited) { $process.Kill() }
        }
    }

    It 'clear what a killed process has left, with -Leftover' {
        $process = Start-Process (Get-Process -Id $PID).Path -PassThru -RedirectStandardOutput $TestDrive/made -ArgumentList @(
            '-NoProfile', '-Command', "`"Import-Module '$root/MptTools.psd1'; `$null = New-MptLab; [Console]::WriteLine(0); Start-Sleep 1000`"")
        try {
            Wait-Until { Get-Content $TestDrive/made -ErrorAction Ignore }
        }
        finally {
            $process.Kill()
            $process.WaitForExit()
        }
        # Any other lab that is made on this machine meanwhile takes it away as well.
        Remove-MptLab -Leftover
        Get-Remainder $process.Id | Should -BeNullOrEmpty
    }
}

Describe 'Set-MptLabLink' -Skip:([bool] $obstacle) {
    BeforeAll {
        $lab = New-MptLab links
        function Test-Ping([string] $Address, [int] $Count = 1) {
            Invoke-MptLab A { ping -q -c $using:Count -i 0.05 -W 0.3 $using:Address } | Out-Null
            $LASTEXITCODE -eq 0
        }
    }

    AfterAll {
        Get-MptLab | Remove-MptLab
    }

    AfterEach {
        $lab | Set-MptLabLink -Heal
        $lab | Set-MptLabLink -RateMbps 0 -DelayMilliseconds 0 -JitterMilliseconds 0 -LossPercent 0 -QueuePackets 1000
    }

    It 'cuts silently and heals' {
        $cut = Set-MptLabLink eth1 -Cut -PassThru
        $cut.State | Should -Be Cut
        $cut.CarrierA, $cut.CarrierB | Should -Be $true, $true
        (Get-MptLab).LinksUp | Should -Be 1
        Test-Ping 10.1.1.3 | Should -BeFalse
        Test-Ping 10.2.2.3 | Should -BeTrue
        Invoke-MptLab A { ip -j link show eth1 | ConvertFrom-Json } | ForEach-Object operstate | Should -Be UP
        (Get-MptLabLink eth1).AToB.PacketsDroppedByCut | Should -Be 1
        (Set-MptLabLink eth1 -Heal -PassThru).State | Should -Be Up
        Test-Ping 10.1.1.3 | Should -BeTrue
    }

    It 'cuts one direction' {
        $cut = Set-MptLabLink eth1 -Cut -From B -PassThru
        $cut.State | Should -Be HalfCut
        $cut.AToB.IsCut, $cut.BToA.IsCut | Should -Be $false, $true
        $before = $cut.AToB.PacketsDelivered
        Test-Ping 10.1.1.3 | Should -BeFalse
        (Get-MptLabLink eth1).AToB.PacketsDelivered | Should -Be ($before + 1)
    }

    It 'cuts with loss of carrier at <At>' -ForEach @(
        @{ At = @('A'); Carrier = $false, $true }
        @{ At = @('b'); Carrier = $true, $false }
        @{ At = 'A', 'B'; Carrier = $false, $false }
    ) {
        $cut = Set-MptLabLink eth1 -Cut -NoCarrierAt $At -PassThru
        $cut.State | Should -Be NoCarrier
        $cut.CarrierA, $cut.CarrierB | Should -Be $Carrier
        Invoke-MptLab A, B { (ip -j link show eth1 | ConvertFrom-Json).flags -contains 'LOWER_UP' } | Should -Be $Carrier
    }

    It 'sets one thing and leaves the others' {
        $null = Set-MptLabLink eth1 -RateMbps 10 -LossPercent 1
        $link = Set-MptLabLink eth1 -DelayMilliseconds 3 -From A -PassThru
        "$($link.AToB)" | Should -Be '10 Mbit/s, 3 ms, 1 % loss'
        "$($link.BToA)" | Should -Be '10 Mbit/s, 1 % loss'
    }

    It 'makes packets late, and loses them' {
        Set-MptLabLink eth1 -DelayMilliseconds 40
        $line = Invoke-MptLab A { ping -c 1 10.1.1.3 } | Where-Object { $_ -match 'time=' }
        [double] ($line -replace '.*time=([\d.]+).*', '$1') | Should -BeGreaterOrEqual 80
        Set-MptLabLink eth1 -LossPercent 100 -From A
        Test-Ping 10.1.1.3 | Should -BeFalse
        (Get-MptLabLink eth1).AToB.PacketsDroppedByLoss | Should -BeGreaterOrEqual 1
    }

    It 'takes links from the pipeline, and all of a lab' {
        Get-MptLabLink eth2 | Set-MptLabLink -Cut
        (Get-MptLabLink).State | Should -Be Up, Cut
        $lab | Set-MptLabLink -Cut
        (Get-MptLabLink).State | Should -Be Cut, Cut
        Set-MptLabLink eth* -Heal
        (Get-MptLabLink).State | Should -Be Up, Up
    }

    It 'changes nothing with -WhatIf' {
        Set-MptLabLink eth1 -Cut -WhatIf
        (Get-MptLabLink eth1).State | Should -Be Up
    }

    It 'says what is wrong: <Command>' -ForEach @(
        @{ Command = 'Set-MptLabLink eth9 -Cut'; Id = 'LabLinkNotFound'; Message = "*'eth9'*eth1, eth2*" }
        @{ Command = 'Set-MptLabLink eth1 -Cut -From C'; Id = 'NotAnEnd'; Message = "*'C'*A and B*" }
        @{ Command = 'Set-MptLabLink eth1 -Cut -NoCarrierAt A, C'; Id = 'NotAnEnd'; Message = "*'C'*" }
        @{ Command = 'Set-MptLabLink eth1 -Cut -From A -NoCarrierAt A'; Id = 'HalfCarrier'; Message = '*both directions*' }
        @{ Command = 'Set-MptLabLink eth1'; Id = 'NothingToSet'; Message = '*' }
        @{ Command = 'Set-MptLabLink eth1 -Lab none -Cut'; Id = 'LabNotFound'; Message = "*'none'*" }
    ) {
        $failure = { & ([scriptblock]::Create("$Command -ErrorAction Stop")) } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -Be "$Id,MptTools.Cmdlets.SetMptLabLinkCommand"
        $failure.Exception.Message | Should -BeLike $Message
    }

    It 'has parameter sets that cannot be misused: <Parameters>' -ForEach @(
        @{ Parameters = @{ Cut = $true; Heal = $true } }
        @{ Parameters = @{ Cut = $true; RateMbps = 1 } }
        @{ Parameters = @{ NoCarrierAt = 'A' ; Heal = $true } }
    ) {
        { Set-MptLabLink eth1 @Parameters } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
    }

    It 'says that links of the kernel have no delay' {
        $veth = New-MptLab veth -LinkType Veth
        $failure = { $veth | Set-MptLabLink eth1 -DelayMilliseconds 1 -ErrorAction Stop } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -Be 'LinkNotChanged,MptTools.Cmdlets.SetMptLabLinkCommand'
        ($veth | Set-MptLabLink eth1 -Cut -PassThru).State | Should -Be Cut
        { Set-MptLabLink eth1 -Cut -ErrorAction Stop } | Should -Throw -ErrorId 'SeveralLabs,*'
        $veth | Remove-MptLab
    }

    It 'and the others complete names' {
        (TabExpansion2 'Set-MptLabLink et').CompletionMatches.CompletionText | Should -Be eth1, eth2
        (TabExpansion2 'Get-MptLabLink -Lab l').CompletionMatches.CompletionText | Should -Be links
        (TabExpansion2 'Invoke-MptLab ').CompletionMatches.CompletionText | Should -Be A, B
    }
}
