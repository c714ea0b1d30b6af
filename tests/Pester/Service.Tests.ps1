# Servers as services of systemd. Where systemd does not run, what it would be asked is recorded by a systemctl of our own.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $obstacle = Get-LabObstacle
    $withoutAnalyze = -not (Get-Command systemd-analyze -CommandType Application -ErrorAction Ignore)
    if ($withoutAnalyze) { Write-Warning 'Units are NOT verified: there is no systemd-analyze. Install the package systemd.' }
    $withoutSetpriv = -not (Get-Command setpriv -CommandType Application -ErrorAction Ignore)
    if ($withoutSetpriv) { Write-Warning 'The rights that a unit leaves are NOT measured: there is no setpriv. Install the package util-linux.' }
}

BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $root = (Resolve-Path $PSScriptRoot/../..).Path
    $manifest = Join-Path $root MptTools.psd1
    Import-Module $manifest
    $config = Join-Path $root conf/hostA

    # What it writes is warned about: nothing is started.
    function Register-Quietly([hashtable] $Parameter) { Register-MptService @Parameter -WarningAction SilentlyContinue }
}

Describe 'The unit of Register-MptService' -Skip:(-not $IsLinux) {
    BeforeEach {
        $units = (New-Item -ItemType Directory (Join-Path $TestDrive ([guid]::NewGuid()))).FullName
    }

    It 'runs the program of the module with the configuration, and says so' {
        $service = Register-MptService $config -Destination $units -WarningVariable warned -WarningAction SilentlyContinue
        $service.Name | Should -Be mpttools
        $service.UnitFile | Should -Be $units/mpttools.service
        $service.ConfigDirectory | Should -Be $config
        $service.Program | Should -Be $root/bin/mptsrv
        $service.Status | Should -Be Unknown
        "$warned" | Should -Match 'nothing is started(?s:.*)systemctl enable --now mpttools'
        Get-Content $service.UnitFile | Should -Contain "ExecStart=$root/bin/mptsrv --config $config --log-level info"
    }

    It 'is one that systemd understands, for <What>' -Skip:$withoutAnalyze -ForEach @(
        @{ What = 'a plain path'; Name = 'conf' }
        @{ What = 'a path with a blank'; Name = 'my conf' }
        @{ What = 'a path with signs that mean something to systemd'; Name = 'a%b$c''d"e' }
    ) {
        $directory = Join-Path $units $Name
        Copy-Item $config $directory -Recurse
        $file = (Register-Quietly @{ ConfigPath = $directory; Destination = $units; WatchdogSeconds = 5; LogLevel = 'warning' }).UnitFile
        $said = systemd-analyze verify --man=no $file 2>&1
        $LASTEXITCODE | Should -Be 0
        $said | Should -BeNullOrEmpty
        Get-Content $file | Should -Contain 'WatchdogSec=5'
        # The test sees what systemd does not understand.
        Add-Content $file "[Service]`nType=sometimes"
        systemd-analyze verify --man=no $file 2>&1 | Should -Match 'sometimes'
    }

    It 'has no watchdog where none is wanted' {
        $file = (Register-Quietly @{ ConfigPath = $config; Destination = $units; WatchdogSeconds = 0 }).UnitFile
        Get-Content $file | Should -Not -Match '^WatchdogSec'
    }

    It 'is the sample in conf' {
        $made = Get-Content (Register-Quietly @{ ConfigPath = $config; Destination = $units }).UnitFile -Raw
        # What depends on the host: where the module is, where the files are, and where a runtime is.
        $made = $made.Replace("$root/bin/mptsrv", '/usr/local/share/powershell/Modules/MptTools/bin/mptsrv').Replace($config, '/etc/mpttools') `
            -replace '(?m)^(Environment=PATH=.*:/bin)(:.*)?$', '$1:/opt/microsoft/powershell/7'
        $made = $made -replace '(?m)^PrivateTmp=yes\n'
        (Get-Content $root/conf/mpttools.service -Raw) -replace '(?m)^PrivateTmp=yes\n' | Should -BeExactly $made
    }

    It 'is not written over, unless forced' {
        $file = (Register-Quietly @{ ConfigPath = $config; Destination = $units }).UnitFile
        $before = Get-Content $file -Raw
        $failure = { Register-MptService $config -Destination $units -LogLevel debug -ErrorAction Stop } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'ServiceExists,*'
        Get-Content $file -Raw | Should -Be $before
        $null = Register-Quietly @{ ConfigPath = $config; Destination = $units; LogLevel = 'debug'; Force = $true }
        Get-Content $file -Raw | Should -Match '--log-level debug'
    }

    It 'is one for each of several configurations' {
        $null = Register-Quietly @{ ConfigPath = $config; Name = 'office'; Destination = $units }
        $null = Register-Quietly @{ ConfigPath = Join-Path $root conf/hostB; Name = 'branch'; Destination = $units }
        (Get-ChildItem $units).Name | Should -Be branch.service, office.service
    }

    It 'is not written for <What>' -ForEach @(
        @{ What = 'faulty files'; Parameter = @{ ConfigPath = '/nonexistent' }; Id = 'InvalidConfiguration' }
        @{ What = 'a program that is not there'; Parameter = @{ Program = '/nonexistent/mptsrv' }; Id = 'NoProgram' }
        @{ What = 'a program that cannot be run'; Parameter = @{ Program = '/etc/passwd' }; Id = 'NoProgram' }
        @{ What = 'a name that is a path'; Parameter = @{ Name = '../x' }; Id = 'ParameterArgumentValidationError' }
        @{ What = 'a watchdog out of range'; Parameter = @{ WatchdogSeconds = 4000 }; Id = 'ParameterArgumentValidationError' }
    ) {
        $all = @{ ConfigPath = $config; Destination = $units; ErrorAction = 'Stop' }
        foreach ($key in $Parameter.Keys) { $all[$key] = $Parameter[$key] }
        $failure = { Register-MptService @all } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike "$Id,*"
        Get-ChildItem $units | Should -BeNullOrEmpty
    }

    It 'says of faulty files that nothing was registered' {
        $failure = { Register-MptService /nonexistent -Destination $units -ErrorAction Stop } | Should -Throw -PassThru
        $failure.Exception.Message | Should -BeLike '*has faults, so nothing was registered.*'
    }

    It 'is neither written nor removed with -WhatIf' {
        Register-MptService $config -Destination $units -WhatIf | Should -BeNullOrEmpty
        Get-ChildItem $units | Should -BeNullOrEmpty
        $file = (Register-Quietly @{ ConfigPath = $config; Destination = $units }).UnitFile
        Unregister-MptService -Destination $units -WhatIf
        $file | Should -Exist
    }
}

Describe 'Unregister-MptService' -Skip:(-not $IsLinux) {
    BeforeEach {
        $units = (New-Item -ItemType Directory (Join-Path $TestDrive ([guid]::NewGuid()))).FullName
        'office', 'branch' | ForEach-Object { $null = Register-Quietly @{ ConfigPath = $config; Name = $_; Destination = $units } }
        Set-Content $units/ssh.service '[Unit]'
    }

    It 'removes <What>' -ForEach @(
        @{ What = 'one'; Remove = { Unregister-MptService office -Destination $units -Confirm:$false }; Left = 'branch', 'ssh' }
        @{ What = 'by a pattern only its own'; Remove = { Unregister-MptService * -Destination $units -Confirm:$false }; Left = 'ssh' }
        @{ What = 'names from the pipeline'; Remove = { 'branch', 'office' | Unregister-MptService -Destination $units -Confirm:$false }; Left = 'ssh' }
        @{ What = 'what Register-MptService gave'
            Remove = { Register-Quietly @{ ConfigPath = $config; Name = 'office'; Destination = $units; Force = $true } | Unregister-MptService -Destination $units -Confirm:$false }; Left = 'branch', 'ssh'
        }
    ) {
        & $Remove
        (Get-ChildItem $units).BaseName | Should -Be $Left
    }

    It 'leaves what it has not written, misses what is not there, and goes on' {
        Unregister-MptService ssh, nobody, office -Destination $units -Confirm:$false -ErrorVariable failures -ErrorAction SilentlyContinue
        $failures.FullyQualifiedErrorId | ForEach-Object { ($_ -split ',')[0] } | Should -Be ForeignService, NotFound
        (Get-ChildItem $units).BaseName | Should -Be branch, ssh
    }
}

Describe 'A service where systemd runs' -Skip:([bool] $obstacle) {
    BeforeAll {
        $lab = New-Lab service
        # A mount namespace of its own has each session: in this one systemd seems to run, and its directories are ours.
        $session = Enter-LabSession $lab a
        $bin = (New-Item -ItemType Directory (Join-Path $lab.Directory bin)).FullName
        $units = (New-Item -ItemType Directory (Join-Path $lab.Directory units)).FullName
        Set-Content $bin/systemctl "#!/bin/sh`necho `"`$*`" >> $bin/calls`n[ `$1 = show ] && printf 'active\nenabled\n'`n[ ! -e $bin/broken ] || { echo 'Unit is broken.' >&2; exit 1; }"
        chmod 755 $bin/systemctl
        $null = Invoke-Lab $session @"
            mount -t tmpfs tmpfs /run; if (`$LASTEXITCODE) { throw 'No mount' }
            `$null = New-Item -ItemType Directory /run/systemd/system
            mount --bind $units /etc/systemd/system; if (`$LASTEXITCODE) { throw 'No mount' }
            `$env:PATH = '${bin}:' + `$env:PATH
"@
        $register = "Register-MptService $config -ErrorVariable failures -ErrorAction SilentlyContinue"
    }

    BeforeEach { Remove-Item $bin/calls, $bin/broken, $units/* -ErrorAction Ignore }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    It 'is enabled and started, and its state is told' {
        $service = Invoke-Lab $session $register
        Get-Content $bin/calls | Select-Object -First 3 | Should -Be 'daemon-reload', 'enable mpttools.service', 'restart mpttools.service'
        $service.Status | Should -Be active
        $service.Startup | Should -Be enabled
        "$units/mpttools.service" | Should -Exist
    }

    It 'is not started with -NoStart' {
        $null = Invoke-Lab $session "$register -NoStart"
        Get-Content $bin/calls | Select-Object -First 2 | Should -Be 'daemon-reload', 'enable mpttools.service'
        Get-Content $bin/calls | Should -Not -Match restart
    }

    It 'is stopped and disabled before it is removed' {
        $null = Invoke-Lab $session $register
        Remove-Item $bin/calls
        Invoke-Lab $session '(TabExpansion2 "Unregister-MptService ").CompletionMatches.CompletionText; Unregister-MptService -Confirm:$false' | Should -Be mpttools
        Get-Content $bin/calls | Should -Be 'disable --now mpttools.service', 'daemon-reload'
        Get-ChildItem $units | Should -BeNullOrEmpty
    }

    It 'tells what systemd says when it fails' {
        Set-Content $bin/broken 1
        $id, $message = Invoke-Lab $session "$register; `$failures[0].FullyQualifiedErrorId; `$failures[0].Exception.Message"
        $id | Should -BeLike 'SystemdFailed,*'
        $message | Should -BeLike "*daemon-reload' has failed: Unit is broken."
    }
}

Describe 'A server with no more rights than its unit leaves' -Skip:([bool] $obstacle -or $withoutSetpriv) {
    BeforeAll {
        $lab = New-Lab rights
        $a = Enter-LabSession $lab a
        $directory = Join-Path $lab.Directory a
        $unit = Get-Content (Register-Quietly @{ ConfigPath = $directory; Destination = $lab.Directory }).UnitFile
        $command = ($unit -match '^ExecStart=')[0].Substring(10)
        $rights = (($unit -match '^CapabilityBoundingSet=')[0].Substring(22) -split ' ').ForEach({ '+' + $_.Substring(4).ToLowerInvariant() })
        $file = Join-Path $directory connections/peer.conf
        # What needs more than a plain server does: a port below 1024, many threads, a file of another group.
        (Get-Content $file) -replace '^local_port.*', 'local_port = 500' | Set-Content $file
        (Get-Content $directory/interface.conf) -replace '^cmd_timeout', "threads = 4`ncmd_timeout" | Set-Content $directory/interface.conf
        chgrp daemon $file
        chmod 640 $file

        # ProtectSystem=full, ProtectHome=read-only and ProtectKernelTunables as systemd does them, and all rights but some taken away.
        function Start-Limited([string[]] $Right) {
            $script = @'
                for place in /usr /etc /root /home /proc/sys; do mount --bind $place $place && mount -o remount,bind,ro $place || exit 9; done
'@ + "`nexec setpriv --bounding-set=$(@('-all') + $Right -join ',') --inh-caps=-all --no-new-privs -- $command"
            Start-LabProgram $lab a @('sh', '-c', $script)
        }
    }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    It 'carries traffic, is reloaded and saved, and has nothing to warn of' {
        $server = Start-Limited $rights
        Wait-Lab $a 'Get-MptServer -ErrorAction Ignore | Select-Object Name'
        (Get-Content "/proc/$((Invoke-Lab $a 'Get-MptServer').ProcessId)/status") -match '^CapBnd' | Should -Match "`t0*8000001401$"
        $null = Invoke-Lab $a 'mpt path set peer 1 weight_out=5; $null = Save-MptConfig'
        Get-Content $file | Should -Contain 'weight_out = 5'
        (Get-Item $file).Group | Should -Be daemon
        $null = Invoke-Lab $a 'Import-MptConfig'
        $null = Invoke-Lab $a 'Stop-MptServer -Confirm:$false'
        $server.Process.WaitForExit(20000) | Should -BeTrue
        $server.Process.ExitCode | Should -Be 0 -Because $server.Errors.Result
        $server.Process.StandardOutput.ReadToEnd() | Should -Not -Match '\[warning\]|cannot'
    }

    It 'does not do without CAP_<_>' -ForEach 'NET_ADMIN', 'NET_BIND_SERVICE', 'BPF', 'CHOWN' {
        $server = Start-Limited ($rights -ne "+$($_.ToLowerInvariant())")
        if ($_ -in 'BPF', 'CHOWN') {
            Wait-Lab $a 'Get-MptServer -ErrorAction Ignore | Select-Object Name'
            # Another value each time: what says the same is not written.
            $saved = Invoke-Lab $a "`$null = mpt path set peer 1 weight_out=$(10 + $_.Length); try { `$null = Save-MptConfig; 'saved' } catch { `"`$_`" }"
            $null = Invoke-Lab $a 'Stop-MptServer -Confirm:$false'
        }
        $server.Process.WaitForExit(20000) | Should -BeTrue
        $said = $server.Process.StandardOutput.ReadToEnd() + $server.Errors.Result
        switch ($_) {
            NET_ADMIN { $server.Process.ExitCode | Should -Be 1; $said | Should -Match 'CAP_NET_ADMIN' }
            NET_BIND_SERVICE { $server.Process.ExitCode | Should -Be 1; $said | Should -Match '500' }
            BPF { $said | Should -Match 'CAP_BPF' }
            CHOWN { $saved | Should -Match 'owner' }
        }
    }
}
