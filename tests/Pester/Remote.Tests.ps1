# PowerShell remoting over SSH: one host of the lab managed from the other. The sshd has keys, files and a port of its own.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $obstacle = (Get-LabObstacle) ?? (Install-LabProgram sshd openssh-server) ?? (Install-LabProgram ssh openssh-client)
    if ($obstacle) { Write-Warning "Remoting over SSH is NOT tested: $obstacle." }
}

Describe 'A server on another host, by PowerShell remoting over SSH' -Skip:([bool] $obstacle) {
    BeforeAll {
        Import-Module $PSScriptRoot/Lab.psm1 -Force
        $root = (Resolve-Path $PSScriptRoot/../..).Path
        $lab = New-Lab remote
        $ssh = (New-Item -ItemType Directory (Join-Path $lab.Directory ssh)).FullName
        foreach ($key in 'host', 'user') { ssh-keygen -q -t ed25519 -N '' -f $ssh/$key }
        chmod 700 $ssh
        $pwsh = (Get-Process -Id $PID).Path
        @"
Port 2222
ListenAddress 10.1.1.3
HostKey $ssh/host
AuthorizedKeysFile $ssh/user.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
PermitRootLogin prohibit-password
Subsystem powershell $pwsh -NoProfile -NoLogo -sshs
"@ | Set-Content $ssh/sshd_config
        Set-Content $ssh/known_hosts "[10.1.1.3]:2222 $((Get-Content $ssh/host.pub -Raw).Trim())"
        # The mount namespace is the program's own: where it wants its directory, nobody else sees it.
        $sshd = Start-LabProgram $lab b @('sh', '-c', "mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd && exec $((Get-Command sshd).Source) -D -e -f $ssh/sshd_config")
        $a = Enter-LabSession $lab a
        $b = Enter-LabSession $lab b
        $configB = Join-Path $lab.Directory b
        $before = Get-LabState $lab b
        $null = Invoke-Lab $b "`$job = Start-MptServer '$configB'"
        Wait-Lab $a 'try { [Net.Sockets.TcpClient]::new("10.1.1.3", 2222).Dispose(); $true } catch { $false }'
        $connect = "`$remote = New-PSSession -HostName 10.1.1.3 -Port 2222 -UserName root -KeyFilePath $ssh/user -Options @{ UserKnownHostsFile = '$ssh/known_hosts' }"
        $null = Invoke-Lab $a "$connect; Invoke-Command `$remote { Import-Module $root/MptTools.psd1 }" -Seconds 60
    }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    It 'is seen from here with all its properties' {
        $compare = @'
            $here = Invoke-Command $remote { Get-MptPath | Select-Object Server, Connection, Index, Interface, LocalAddress, RemoteAddress, WeightOut, KeepaliveSeconds }
            $here | ForEach-Object { $_.Server, $_.Connection, $_.Index, $_.Interface, $_.LocalAddress, $_.RemoteAddress, $_.WeightOut, $_.KeepaliveSeconds -join ' ' }
'@
        Invoke-Lab $a $compare | Should -Be 'tun0 peer 0 eth1 10.1.1.3 10.1.1.2 1 0.2', 'tun0 peer 1 eth2 10.2.2.3 10.2.2.2 2 0.2'
        Invoke-Lab $a '(Invoke-Command $remote { Get-MptPath })[0].PSObject.TypeNames[0]' | Should -Be Deserialized.MptTools.MptPathInfo
        $names = Invoke-Lab $a '(Invoke-Command $remote { Get-MptServer })[0].PSObject.Properties.Name'
        foreach ($name in Invoke-Lab $b '(Get-MptServer).PSObject.Properties.Name') { $names | Should -Contain $name }
        # Lists stay lists, times stay times.
        Invoke-Lab $a '$server = Invoke-Command $remote { Get-MptServer }; @($server.Tunnels)[0]; $server.StartedAt -is [datetime]; $server.PSComputerName' | Should -Be tun0, $true, 10.1.1.3
    }

    It 'looks as it does at home, but for the name of the host behind it' {
        Invoke-Lab $a '(Invoke-Command $remote { Get-MptPath } | Out-String -Width 80) -split "`n" | Select-String Interface | ForEach-Object { $_.Line.Trim() -replace "\s+", " " }' |
            Should -BeLike ((Invoke-Lab $b '(Get-MptPath | Out-String -Width 80) -split "`n" | Select-String Interface | ForEach-Object { $_.Line.Trim() -replace "\s+", " " }') + '*')
    }

    It 'takes commands' {
        $null = Invoke-Lab $a 'Invoke-Command $remote { Get-MptPath -Interface eth2 | Set-MptPath -Status Down }'
        (Invoke-Lab $b 'Get-MptPath -Interface eth2').Detail | Should -Be TakenDown
        $null = Invoke-Lab $a 'Invoke-Command $remote { Set-MptPath peer 1 Up }'
    }

    It 'answers what is wrong with the same errors' {
        $failure = { Invoke-Lab $a 'Invoke-Command $remote { Get-MptPath -Server tun9 } -ErrorAction Stop' } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'NoServer,*GetMptPathCommand'
        $failure.Exception.Message | Should -Match 'tun9'
    }

    It 'is asked in one command without a session' {
        (Invoke-Lab $a "Invoke-Command -HostName 10.1.1.3 -Port 2222 -UserName root -KeyFilePath $ssh/user -Options @{ UserKnownHostsFile = '$ssh/known_hosts' } { Import-Module $root/MptTools.psd1; (Get-MptConnection).Name }" -Seconds 60) |
            Should -Be peer
    }

    It 'lives as long as the session that started it, and no longer' {
        $null = Invoke-Lab $b 'Remove-Job $job -Force'
        $state = Invoke-Lab $a "Invoke-Command `$remote { (Start-MptServer $configB).State.ToString() }"
        $state | Should -Be Running
        (Invoke-Lab $b 'Get-MptServer').ProcessId | Should -Not -Be $b.Process.Id
        $null = Invoke-Lab $a 'Remove-PSSession $remote'
        Wait-Lab $b '-not [MptTools.Engine.ControlPlane.MptClient]::ListServers().Count'
        Get-LabState $lab b | Should -Be $before
    }
}
