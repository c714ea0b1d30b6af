# The program mptsrv as people type it in PowerShell, in the runtime of PowerShell.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $obstacle = Get-LabObstacle
    if ($obstacle) { Write-Warning "The tests of running daemons are skipped: $obstacle." }
    $withoutTerminal = $obstacle -or -not (Get-Command script -CommandType Application -ErrorAction Ignore)
    if ($withoutTerminal) { Write-Warning 'mptsrv on a terminal is NOT tested: there is no program script (util-linux), or no lab.' }
}

BeforeAll {
    $root = (Resolve-Path $PSScriptRoot/../..).Path
    Import-Module $root/MptTools.psd1
}

Describe 'mptsrv' -Skip:(-not $IsLinux) {
    BeforeAll {
        # A word with everything in it that a shell would not leave alone.
        $directory = (New-Item -ItemType Directory (Join-Path $TestDrive "it's `$HOME; `"here`" & *")).FullName
        Copy-Item $root/conf/hostA/* $directory -Recurse
    }

    It 'takes the words of the program and gives its lines and its exit code' {
        mptsrv check --config $directory | Should -Be "$directory can be used: 1 tunnel, 1 connection, 2 paths; 0 warnings."
        $LASTEXITCODE | Should -Be 0
        $version = (Import-PowerShellDataFile $root/MptTools.psd1).ModuleVersion
        Invoke-MptDaemon --version | Should -Be "mptsrv $version"
    }

    It 'tells of failures as the program does' {
        mptsrv check --config /nonexistent | Should -Contain '/nonexistent cannot be used: 1 error, 0 warnings.'
        $LASTEXITCODE | Should -Be 3
        $said = mptsrv nonsense 2>&1 | ForEach-Object ToString
        $LASTEXITCODE | Should -Be 2
        $said[0] | Should -Be "mptsrv: 'nonsense' is not understood."
    }

    It 'runs the program that lies in the module, and mpt beside it, also where there is no dotnet' {
        $path = $env:PATH
        $env:PATH = "$PSHOME`:$TestDrive"
        try {
            # Of the system only what the launcher itself calls.
            foreach ($tool in 'readlink', 'dirname') { $null = New-Item -ItemType SymbolicLink "$TestDrive/$tool" -Target "/usr/bin/$tool" -Force }
            /bin/sh $root/bin/mptsrv --version | Should -BeLike 'mptsrv *'
            /bin/sh $root/bin/mpt help | Select-Object -First 1 | Should -BeLike 'Usage: mpt *'
            $env:PATH = "$TestDrive"
            $said = /bin/sh $root/bin/mpt help 2>&1
            $LASTEXITCODE | Should -Be 1
            "$said" | Should -BeLike 'mpt: There is neither*'
        }
        finally { $env:PATH = $path }
    }
}

Describe 'mptsrv on a host' -Skip:([bool] $obstacle) {
    BeforeAll {
        Import-Module $PSScriptRoot/Lab.psm1 -Force
        $lab = New-Lab daemon
        $before = Get-LabState $lab a
        $config = Join-Path $lab.Directory a
    }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    It 'goes to the background with -d, outlives its PowerShell, and stops like every other server' {
        $first = Enter-LabSession $lab a
        $said = Invoke-Lab $first "mptsrv -d --config '$config'; `$LASTEXITCODE"
        $said[-1] | Should -Be 0
        $said[-2] | Should -Match 'in the background as process (\d+)'
        $process = [int] ($said[-2] -replace '\D')
        Exit-LabSession $first | Should -Be 0

        $second = Enter-LabSession $lab a
        (Invoke-Lab $second 'Get-MptServer').ProcessId | Should -Be $process
        Invoke-Lab $second 'Stop-MptServer -Confirm:$false'
        Get-LabState $lab a | Should -Be $before
    }

    It 'has the terminal, and Ctrl-C stops it cleanly' -Skip:$withoutTerminal {
        $pwsh = (Get-Process -Id $PID).Path
        $command = "Import-Module '$root/MptTools.psd1'; try { mptsrv --config '$config' } finally { [Console]::WriteLine(`"code=`$LASTEXITCODE`") }"
        $encoded = [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($command))
        $terminal = Start-LabProgram $lab a @('env', 'TERM=dumb', 'script', '-qfc', "$pwsh -NoProfile -EncodedCommand $encoded", '/dev/null')
        $read = {
            param($Pattern)
            do {
                $line = $terminal.Process.StandardOutput.ReadLineAsync()
                $line.Wait(30000) | Should -BeTrue -Because "'$Pattern' must come"
                if ($null -eq $line.Result) { throw "It ended before '$Pattern' came: $($terminal.Errors.Result)" }
            } until ($line.Result -match $Pattern)
            $line.Result
        }
        $null = & $read 'server-started'
        $terminal.Process.StandardInput.WriteLine('p')
        $null = & $read 'Path Status'
        $terminal.Process.StandardInput.Write([char] 3)
        & $read '^code=' | Should -BeLike 'code=0*'
        $terminal.Process.WaitForExit(20000) | Should -BeTrue
        Get-LabState $lab a | Should -Be $before
    }
}
