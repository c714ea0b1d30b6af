# Scripts and programs in the hosts of a lab, in this very pwsh.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $obstacle = Get-LabObstacle
}

BeforeAll {
    $root = (Resolve-Path $PSScriptRoot/../..).Path
    Import-Module $root/MptTools.psd1 -Force
}

Describe 'Invoke-MptLab' -Skip:([bool] $obstacle) {
    BeforeAll {
        $lab = New-MptLab invoke
    }

    AfterAll {
        Get-MptLab | Remove-MptLab
    }

    It 'runs a program with its words, gives its lines, and its exit code' {
        $lines = Invoke-MptLab A ping -c 1 10.1.1.3
        $lines[0] | Should -BeLike 'PING 10.1.1.3*'
        $LASTEXITCODE | Should -Be 0
        Invoke-MptLab A -- sh -c 'echo "$0"; exit 3' 'two words' | Should -Be 'two words'
        $LASTEXITCODE | Should -Be 3
    }

    It 'leaves the last exit code alone when no program runs' {
        $null = Invoke-MptLab A { sh -c 'exit 5' }
        $null = Invoke-MptLab A { 1 }
        $LASTEXITCODE | Should -Be 5
    }

    It 'fails when there is no such program' {
        { Invoke-MptLab A no-such-program } | Should -Throw -ErrorId CommandNotFoundException
    }

    It 'runs a script in the network of its host, and only it' {
        Invoke-MptLab A { (ip -j -4 address show eth1 | ConvertFrom-Json).addr_info.local } | Should -Be 10.1.1.2
        Invoke-MptLab B { (ip -j -4 address show eth1 | ConvertFrom-Json).addr_info.local } | Should -Be 10.1.1.3
        ip -br link | Where-Object { $_ -match '10\.1\.1\.[23]' } | Should -BeNullOrEmpty
        # Sockets of .NET too, and the kernel's files.
        Invoke-MptLab A { [Net.NetworkInformation.NetworkInterface]::GetAllNetworkInterfaces().Name | Sort-Object } | Should -Be eth1, eth2, lo
        Invoke-MptLab A {
            $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress] '10.1.1.2', 7000)
            $listener.Start()
        }
        Invoke-MptLab B {
            $client = [Net.Sockets.TcpClient]::new('10.1.1.2', 7000)
            $client.Connected
            $client.Dispose()
        } | Should -BeTrue
        Invoke-MptLab A { $listener.Stop() }
        Invoke-MptLab A { (Test-Connection 10.1.1.3 -Count 1 -TimeoutSeconds 2).Status } | Should -Be Success
        (Test-Connection 10.1.1.3 -Count 1 -TimeoutSeconds 1 -ErrorAction Ignore).Status | Should -Not -Be Success
    }

    It 'keeps variables and functions of each host' {
        Invoke-MptLab A, B { $number = 40 }
        Invoke-MptLab A { $number += 2; function Get-Number { $number } }
        Invoke-MptLab A { Get-Number } | Should -Be 42
        Invoke-MptLab B { $number } | Should -Be 40
    }

    It 'gives live objects' {
        $list = Invoke-MptLab A { , ($kept = [Collections.ArrayList]::new()) }
        $null = $list.Add('added outside')
        Invoke-MptLab A { $kept[0] } | Should -Be 'added outside'
    }

    It 'takes arguments, named and not' {
        Invoke-MptLab A { param($First, $Second) "$Second $First" } -ArgumentList one, two | Should -Be 'two one'
        Invoke-MptLab A { "$args" } -ArgumentList 1, 2 | Should -Be '1 2'
        Invoke-MptLab A { param($Only) $null -eq $Only } -ArgumentList $null | Should -BeTrue
        Invoke-MptLab A { $Only } | Should -BeNullOrEmpty
    }

    It 'takes values of the caller with $using' {
        $table = @{ Path = '/tmp'; Word = 'text' }
        $number = 7
        Invoke-MptLab A { "$($using:table.Word) $using:number"; $using:table['Path']; & { $using:number + 1 } } | Should -Be 'text 7', '/tmp', 8
        $parameters = @{ Count = 2 }
        Invoke-MptLab A { 1..5 | Select-Object @using:parameters -First 2 } -ErrorAction Ignore
        function Get-Inner { $inside = 'of a function'; Invoke-MptLab A { $using:inside } }
        Get-Inner | Should -Be 'of a function'
        { Invoke-MptLab A { $using:nothingOfThatName } } | Should -Throw -ErrorId 'UsingVariableIsUndefined,*' -ExpectedMessage '*$nothingOfThatName*'
    }

    It 'is where the caller is' {
        Push-Location $TestDrive
        try { Invoke-MptLab A { "$PWD"; sh -c pwd } | Should -Be "$TestDrive", "$TestDrive" } finally { Pop-Location }
    }

    It 'forwards all streams in their order' {
        $all = Invoke-MptLab A {
            'output'; Write-Warning warning; Write-Error error; Write-Information host -InformationAction Continue; Write-Verbose verbose; 'end'
        } -Verbose -ErrorAction Continue *>&1
        $all | ForEach-Object { $_.GetType().Name } | Should -Be String, WarningRecord, ErrorRecord, InformationRecord, VerboseRecord, String
        "$($all[3])" | Should -Be host
        Invoke-MptLab A { $VerbosePreference } | Should -Be SilentlyContinue
    }

    It 'gives errors as they are there' {
        $failure = { Invoke-MptLab A { throw 'no way' } } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -Be 'no way'
        $kept = Invoke-MptLab A { Get-MptServer nosuch; 'goes on' } -ErrorVariable failed -ErrorAction SilentlyContinue
        $kept | Should -Be 'goes on'
        $failed.FullyQualifiedErrorId | Should -Be 'NoServer,MptTools.Cmdlets.GetMptServerCommand'
        $failure = { Invoke-MptLab A { Get-MptServer nosuch; $reached = $true } -ErrorAction Stop } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -Be 'NoServer,MptTools.Cmdlets.GetMptServerCommand'
    }

    It 'does not take what a program writes to standard error for an error' {
        Invoke-MptLab A { sh -c 'echo news >&2; echo result' } -ErrorAction Stop | Should -Be result
        "$(Invoke-MptLab A { sh -c 'echo news >&2' } -ErrorAction Continue 2>&1)" | Should -Be news
    }

    It 'goes on in the other hosts when a name is wrong' {
        Invoke-MptLab A, nosuch, B { 'here' } -ErrorVariable missing -ErrorAction SilentlyContinue | Should -Be here, here
        $missing.FullyQualifiedErrorId | Should -Be 'LabHostNotFound,MptTools.Cmdlets.InvokeMptLabCommand'
        Invoke-MptLab * { 'here' } | Should -Be here, here
    }

    It 'takes the lab from the pipeline, and asks which where there are two' {
        $other = New-MptLab other -HostName A, C -LinkCount 0
        try {
            { Invoke-MptLab A { 1 } -ErrorAction Stop } | Should -Throw -ErrorId 'SeveralLabs,*' -ExpectedMessage '*invoke, other*'
            $other | Invoke-MptLab C { 'C of the other' } | Should -Be 'C of the other'
            Invoke-MptLab -Lab invoke B { 'B' } | Should -Be B
        }
        finally {
            $other | Remove-MptLab
        }
        { Invoke-MptLab -Lab other A { 1 } -ErrorAction Stop } | Should -Throw -ErrorId 'LabNotFound,*'
    }

    It 'does not wait for itself' {
        Invoke-MptLab A { Invoke-MptLab B { 'from A' } } | Should -Be 'from A'
        { Invoke-MptLab A { Invoke-MptLab A { 1 } } -ErrorAction Stop } | Should -Throw -ErrorId 'LabHostBusy,*'
    }

    It 'lets scripts for one host wait for each other' {
        Invoke-MptLab A { $entered = 0; $together = 0 }
        1..4 | ForEach-Object -Parallel {
            Import-Module $using:root/MptTools.psd1
            Invoke-MptLab A { $together = [Math]::Max($together, ++$entered); [Threading.Thread]::Yield(); $entered-- }
        } | Out-Null
        Invoke-MptLab A { $together } | Should -Be 1
    }

    It 'stops at once: <Script>' -ForEach @(
        @{ Script = "'begun'; Start-Sleep 1000" }
        @{ Script = "'begun'; while (`$true) { }" }
        @{ Script = "sh -c 'echo begun; exec sleep 1000'" }
    ) {
        $shell = [powershell]::Create().AddScript("Import-Module '$root/MptTools.psd1'; Invoke-MptLab B { $Script }")
        $output = [Management.Automation.PSDataCollection[psobject]]::new()
        $running = $shell.BeginInvoke([Management.Automation.PSDataCollection[psobject]]::new(), $output)
        # Blocks until the script has begun.
        $output.GetEnumerator().MoveNext() | Should -BeTrue
        $shell.Stop()
        $shell.InvocationStateInfo.State | Should -Be Stopped
        $shell.Dispose()
        Invoke-MptLab B { 'free again' } | Should -Be 'free again'
    }

    It 'stops a script whose pipeline has had enough' {
        Invoke-MptLab B { $given = 0; while ($true) { $given++; $given } } | Select-Object -First 3 | Should -Be 1, 2, 3
        Invoke-MptLab B { $given } | Should -BeGreaterOrEqual 3
    }
}

Describe 'Servers in hosts of a lab' -Skip:([bool] $obstacle) {
    BeforeAll {
        $lab = New-MptLab servers
        function Get-HostState([string] $Name) {
            Invoke-MptLab $Name {
                (ip -br link) -replace '\s.*'
                ip rule
                ip -6 rule
                ip route show table all | Where-Object { $_ -notmatch 'proto kernel' }
            }
        }
        $before = Get-HostState A
    }

    BeforeEach {
        $jobs = Invoke-MptLab A, B { Start-MptServer }
    }

    AfterEach {
        Invoke-MptLab A, B { Get-Job | Remove-Job -Force }
    }

    AfterAll {
        Get-MptLab | Remove-MptLab
    }

    It 'run in one pwsh, each seen in its host only' {
        $jobs.State | Should -Be Running, Running
        $servers = Invoke-MptLab A, B { Get-MptServer }
        $servers.ProcessId | Should -Be $PID, $PID
        $servers.ConfigDirectory | Should -Be "$($lab.ConfigPath)/A", "$($lab.ConfigPath)/B"
        Get-MptServer | Where-Object ProcessId -EQ $PID | Should -BeNullOrEmpty
    }

    It 'carry traffic between their hosts' {
        $null = Invoke-MptLab A { ping -c 3 -i 0.1 -W 2 10.0.0.3 }
        $LASTEXITCODE | Should -Be 0
        $null = Invoke-MptLab B -- ping -c 1 -W 2 fd00::2
        $LASTEXITCODE | Should -Be 0
    }

    It 'leave nothing in their host when stopped <How>' -ForEach @(
        @{ How = 'from their host'; Stop = { Invoke-MptLab A { Stop-MptServer } } }
        @{ How = 'by their job from outside'; Stop = { $jobs[0].StopJob() } }
        @{ How = 'by their job from the other host'; Stop = { $job = $jobs[0]; Invoke-MptLab B { $job = $using:job; $job.StopJob() } } }
        @{ How = 'by a job that is removed'; Stop = { Invoke-MptLab A { Get-Job | Remove-Job -Force } } }
    ) {
        Get-HostState A | Should -Not -Be $before
        & $Stop
        Get-HostState A | Should -Be $before
        $jobs[0].State | Should -Be Stopped
        $jobs[1].State | Should -Be Running
    }
}
