# Needs no privileges and no Linux.
BeforeAll {
    $root = (Resolve-Path $PSScriptRoot/../..).Path
    Import-Module $root/MptTools.psd1 -Force
    $faulty = Join-Path $TestDrive faulty
    Copy-Item $root/conf/hostA $faulty -Recurse
    $connection = Get-ChildItem $faulty/connections -Filter *.conf | Select-Object -First 1
    (Get-Content $connection) -replace '^\s*local_port\s*=.*', 'local_port = 99999' | Set-Content $connection
}

Describe 'Test-MptConfig' {
    It 'finds nothing wrong with the samples' {
        foreach ($sample in 'hostA', 'hostB') {
            Test-MptConfig $root/conf/$sample | Where-Object Severity -eq Error | Should -BeNullOrEmpty
            Test-MptConfig $root/conf/$sample -Quiet | Should -BeTrue
        }
    }

    It 'names file, line, section, key and what would be right' {
        $faults = @(Test-MptConfig $faulty | Where-Object Severity -eq Error)
        $faults | Should -HaveCount 1
        $faults[0].File | Should -BeLike "*$($connection.Name)"
        $faults[0].Line | Should -Be (Get-Content $connection | Select-String '^local_port').LineNumber
        $faults[0].Section | Should -Be connection
        $faults[0].Key | Should -Be local_port
        $faults[0].Message | Should -Match '65535'
    }

    It 'only tells whether it can be used, with -Quiet' {
        Test-MptConfig $faulty -Quiet | Should -BeFalse
        "$faulty" | Test-MptConfig -Quiet | Should -BeFalse
        Get-Item $faulty | Test-MptConfig -Quiet | Should -BeFalse
    }

    It 'finds the directory conf where one works' {
        $work = New-Item -ItemType Directory (Join-Path $TestDrive work)
        Copy-Item $root/conf/hostA (Join-Path $work conf) -Recurse
        Push-Location $work
        try { Test-MptConfig -Quiet | Should -BeTrue } finally { Pop-Location }
    }

    It 'reports a directory that is not there as a fault like any other' {
        Test-MptConfig (Join-Path $TestDrive nowhere) -Quiet | Should -BeFalse
        (Test-MptConfig (Join-Path $TestDrive nowhere)).Message | Should -Match 'does not exist'
    }
}

Describe 'Start-MptServer' -Skip:(-not $IsLinux) {
    It 'starts nothing from a faulty configuration, and lists the faults' {
        $failure = { Start-MptServer $faulty } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidConfiguration,*'
        $failure.Exception.Message | Should -Match 'local_port'
        $failure.ErrorDetails.RecommendedAction | Should -Match 'Test-MptConfig'
        Get-Job | Where-Object PSJobTypeName -eq MptServer | Should -BeNullOrEmpty
    }
}
