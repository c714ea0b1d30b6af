# The playbook of docs/ansible.md, run for real on a host of the lab, with its other end running.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $obstacle = (Get-LabObstacle) ?? (Install-LabProgram ansible-playbook ansible-core)
    if ($obstacle) { Write-Warning "The playbook is NOT run: $obstacle." }
}

Describe 'The playbook of docs/ansible.md' -Skip:([bool] $obstacle) {
    BeforeAll {
        Import-Module $PSScriptRoot/Lab.psm1 -Force
        $root = (Resolve-Path $PSScriptRoot/../..).Path
        Import-Module $root/MptTools.psd1
        $page = Get-Content $root/docs/ansible.md -Raw
        $lab = New-Lab ansible
        $work = $lab.Directory
        [regex]::Match($page, '(?ms)^```yaml\n(.*?)^```').Groups[1].Value | Set-Content $work/playbook.yml
        # The command with which the page makes the files, with its own addresses: they are those of the lab.
        Push-Location $work
        $null = & ([scriptblock]::Create([regex]::Match($page, '(?ms)^```powershell\n(.*?)^```').Groups[1].Value))
        Pop-Location
        Set-Content $work/inventory "office ansible_connection=local ansible_python_interpreter=$((Get-Command python3).Source)`nbranch"
        foreach ($name in 'bin', 'units', 'modules', 'home') { $null = New-Item -ItemType Directory $work/$name }
        $null = New-Item -ItemType SymbolicLink $work/modules/MptTools -Target $root
        # Starts the service that is written, as systemd would.
        Set-Content $work/bin/systemctl "#!/bin/sh`necho `"`$*`" >> $work/calls`n[ `$1 != restart ] || `$(sed -n 's/^ExecStart=//p' /etc/systemd/system/`$2) -d"
        chmod 755 $work/bin/systemctl
        $b = Enter-LabSession $lab b
        $null = Invoke-Lab $b "Start-MptServer '$work/site/branch'"

        # In a mount namespace of its own: there systemd seems to run, and its directory is ours.
        function Invoke-Playbook([string[]] $Argument) {
            $words = "-i $work/inventory --limit office -e mpt_config=$work/etc -e mpt_site=$work/site -e ansible_become=false --skip-tags install $Argument $work/playbook.yml"
            $run = Start-LabProgram $lab a @('sh', '-c', @"
                mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && mount --bind $work/units /etc/systemd/system || exit 9
                export HOME=$work/home PATH=${work}/bin:`$PATH PSModulePath=$work/modules ANSIBLE_NOCOLOR=1 ANSIBLE_RETRY_FILES_ENABLED=0 LC_ALL=C.UTF-8
                exec ansible-playbook $words
"@)
            $said = $run.Process.StandardOutput.ReadToEnd()
            $run.Process.WaitForExit()
            [pscustomobject]@{ ExitCode = $run.Process.ExitCode; Output = $said + $run.Errors.Result }
        }
    }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    It 'is one that Ansible understands' {
        $run = Invoke-Playbook '--syntax-check'
        $run.ExitCode | Should -Be 0 -Because $run.Output
    }

    It 'brings a host up, with all its paths' {
        $run = Invoke-Playbook
        $run.ExitCode | Should -Be 0 -Because $run.Output
        $run.Output | Should -Match 'office +: ok=\d+ +changed=2 +unreachable=0 +failed=0'
        Get-Content $work/calls | Should -Contain 'restart mpttools.service'
        (Get-Item $work/etc/connections/branch.conf).UnixFileMode | Should -Be ([IO.UnixFileMode] 384)
        (Invoke-Lab $b 'Get-MptPath').Status | Should -Be Up, Up
    }

    It 'changes nothing the second time' {
        $run = Invoke-Playbook
        $run.ExitCode | Should -Be 0 -Because $run.Output
        $run.Output | Should -Match 'changed=0 '
    }

    It 'has the server take over a change without a restart' {
        Remove-Item $work/calls
        (Get-Content $work/site/office/connections/branch.conf) -replace '^weight_out .*', 'weight_out = 7' | Set-Content $work/site/office/connections/branch.conf
        $run = Invoke-Playbook
        $run.ExitCode | Should -Be 0 -Because $run.Output
        $run.Output | Should -Match 'changed=2 '
        "$work/calls" | Should -Not -Exist
        $a = Enter-LabSession $lab a
        (Invoke-Lab $a 'Get-MptPath').WeightOut | Should -Be 7, 7
    }

    It 'fails where the files have a fault, and the server goes on' {
        (Get-Content $work/site/office/connections/branch.conf) -replace '^weight_out .*', 'weight_out = 0' | Set-Content $work/site/office/connections/branch.conf
        $run = Invoke-Playbook
        $run.ExitCode | Should -Not -Be 0
        $run.Output | Should -Match 'weight_out'
        $a = Enter-LabSession $lab a
        (Invoke-Lab $a 'Get-MptPath').WeightOut | Should -Be 7, 7
    }
}
