# The module as it is published: made from the build that is here, installed elsewhere, and used beside modules with libraries of their own.
BeforeDiscovery {
    $withoutDotnet = -not (Get-Command dotnet -CommandType Application -ErrorAction Ignore)
    if ($withoutDotnet) { Write-Warning 'The package is NOT read by NuGet: there is no dotnet.' }
    $withoutResourceGet = -not (Get-Module -ListAvailable Microsoft.PowerShell.PSResourceGet)
}

Describe 'The package' -Tag Package {
    BeforeAll {
        $root = (Resolve-Path $PSScriptRoot/../..).Path
        $manifest = Import-PowerShellDataFile $root/MptTools.psd1
        $version = $manifest.ModuleVersion
        $null = & $root/src/build/Package.ps1 -OutputPath $TestDrive -BinaryPath $root/bin
        $folder = "$TestDrive/MptTools/$version"
        $nupkg = "$TestDrive/MptTools.$version.nupkg"

        # As an installation does it: all but what belongs to the package itself.
        $installed = "$TestDrive/modules/MptTools/$version"
        $zip = [IO.Compression.ZipFile]::OpenRead($nupkg)
        $names = $zip.Entries.FullName
        foreach ($entry in $zip.Entries | Where-Object FullName -NotMatch '^(_rels/|package/|\[Content_Types\]\.xml$|[^/]+\.nuspec$)') {
            $null = New-Item -ItemType Directory (Split-Path "$installed/$($entry.FullName)") -Force
            [IO.Compression.ZipFileExtensions]::ExtractToFile($entry, "$installed/$($entry.FullName)")
        }
        $nuspec = [xml] [IO.StreamReader]::new($zip.GetEntry('MptTools.nuspec').Open()).ReadToEnd()
        $zip.Dispose()

        # What a fresh pwsh gives that has the installed module and no other of that name on its path.
        function Invoke-Fresh([string] $Script) {
            $start = "`$env:PSModulePath = '$TestDrive/modules:$PSHOME/Modules'; `$ErrorActionPreference = 'Stop'; $Script"
            $said = & (Get-Process -Id $PID).Path -NoProfile -NonInteractive -EncodedCommand ([Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($start))) -OutputFormat Text 2>&1
            if ($LASTEXITCODE) { throw "pwsh ended with $LASTEXITCODE`: $said" }
            $said
        }
    }

    It 'holds what it should and nothing else' {
        $allowed = '^(MptTools\.psd1|LICENSE|README\.md|CHANGELOG\.md|bin/(MptTools(\.Engine|\.Lab)?\.dll|mpt(srv)?(\.dll|\.runtimeconfig\.json)?)' +
            '|Formats/[\w.]+\.ps1xml|en-US/(MptTools\.dll-Help\.xml|about_\w+\.help\.txt)|conf/.+)$'
        $files = Get-ChildItem $folder -Recurse -File -Force | ForEach-Object { [IO.Path]::GetRelativePath($folder, $_.FullName) }
        $files | Where-Object { $_ -notmatch $allowed } | Should -BeNullOrEmpty
        $files | Should -HaveCount ($names.Count - 3)
        foreach ($file in @($manifest.FormatsToProcess) + $manifest.TypesToProcess + $manifest.RootModule) { $files | Should -Contain $file }
    }

    It 'is the same to the byte when it is made again' {
        $null = & $root/src/build/Package.ps1 -OutputPath "$TestDrive/again" -BinaryPath $root/bin
        (Get-FileHash "$TestDrive/again/MptTools.$version.nupkg").Hash | Should -Be (Get-FileHash $nupkg).Hash
    }

    It 'tells a gallery what it has to know' {
        $about = $nuspec.package.metadata
        $about.id | Should -Be MptTools
        $about.version | Should -Be $version
        foreach ($field in 'authors', 'owners', 'description', 'copyright', 'releaseNotes') { $about.$field | Should -Not -BeNullOrEmpty -Because $field }
        foreach ($field in 'licenseUrl', 'projectUrl') { ([uri] $about.$field).Scheme | Should -Be https -Because $field }
        $tags = $about.tags -split ' '
        $tags | Should -Contain PSModule
        $tags | Should -Contain PSEdition_Core
        $tags | Should -Contain Linux
        foreach ($name in $manifest.CmdletsToExport) { $tags | Should -Contain "PSCmdlet_$name" }
    }

    It 'is read by NuGet' -Skip:$withoutDotnet {
        $project = New-Item -ItemType Directory "$TestDrive/nuget"
        @"
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework><RestoreSources>$TestDrive</RestoreSources><RestorePackagesPath>$project/packages</RestorePackagesPath></PropertyGroup>
  <ItemGroup><PackageDownload Include="MptTools" Version="[$version]" /></ItemGroup>
</Project>
"@ | Set-Content $project/probe.csproj
        $said = dotnet restore $project/probe.csproj 2>&1
        $LASTEXITCODE | Should -Be 0 -Because "$said"
        "$project/packages/mpttools/$version*/MptTools.psd1" | Should -Exist
    }

    It 'is installed by PSResourceGet' -Skip:$withoutResourceGet {
        Import-Module Microsoft.PowerShell.PSResourceGet
        Register-PSResourceRepository -Name MptToolsTest -Uri $TestDrive -Trusted
        try { Save-PSResource MptTools -Repository MptToolsTest -Path "$TestDrive/saved" }
        finally { Unregister-PSResourceRepository -Name MptToolsTest }
        "$TestDrive/saved/MptTools/$version/MptTools.psd1" | Should -Exist
    }

    It 'works when it is installed, beside modules that bring other versions of libraries' {
        # Libraries that PowerShell has too, and that modules bring in versions of their own.
        foreach ($library in 'System.Text.Json', 'Newtonsoft.Json', 'System.Memory') {
            $other = New-Item -ItemType Directory "$TestDrive/modules/Other.$library"
            $code = "[assembly: System.Reflection.AssemblyVersion(`"3.1.4.1`")] namespace $library { public class JsonSerializer { } public class JsonConvert { } }"
            Invoke-Fresh "Add-Type -TypeDefinition '$code' -OutputAssembly '$other/$library.dll' -OutputType Library"
            "`$null = [Reflection.Assembly]::LoadFile('$other/$library.dll'); function Get-$($library.Replace('.', ''))Version { '3.1.4.1' }" | Set-Content "$other/Other.$library.psm1"
        }
        $said = Invoke-Fresh @"
Import-Module Other.System.Text.Json, Other.Newtonsoft.Json, Other.System.Memory
[AppDomain]::CurrentDomain.GetAssemblies().Where({ `$_.GetName().Version -eq '3.1.4.1' }).Count
(Get-Command -Module MptTools -CommandType Cmdlet).Count
Import-Module MptTools
(Get-Module MptTools).ModuleBase
`$conf = Join-Path (Get-Module MptTools).ModuleBase conf
Test-MptConfig `$conf/hostA -Quiet
if (`$IsLinux) { mpt help | Select-Object -First 1; mptsrv check --config `$conf/hostB }
(Get-Help Get-MptPath).Synopsis
"@
        $said[0] | Should -Be 3
        $said[1] | Should -Be $manifest.CmdletsToExport.Count
        $said[2] | Should -Be $installed
        $said[3] | Should -Be True
        if ($IsLinux) {
            $said[4] | Should -BeLike 'Usage: mpt*'
            $said[5] | Should -BeLike '*/conf/hostB can be used: *'
        }
        $said[-1] | Should -Be "Gets the paths of a running server's connections."
    }

    It 'is found by the first word typed' -Skip:(-not $IsLinux) {
        Invoke-Fresh 'mpt help | Select-Object -First 1' | Should -BeLike 'Usage: mpt*'
    }

    It 'brings no library but its own' {
        foreach ($file in Get-ChildItem "$folder/bin" -Filter *.dll) {
            $stream = [IO.File]::OpenRead($file.FullName)
            $reader = [Reflection.PortableExecutable.PEReader]::new($stream)
            try {
                $metadata = [Reflection.Metadata.PEReaderExtensions]::GetMetadataReader($reader)
                $names = foreach ($handle in $metadata.AssemblyReferences) { $metadata.GetString($metadata.GetAssemblyReference($handle).Name) }
                $names | Where-Object { $_ -notmatch '^(System(\.|$)|netstandard$|Microsoft\.Win32\.|MptTools)' } | Should -BeNullOrEmpty -Because $file.Name
            }
            finally { $reader.Dispose() }
        }
    }

    It 'loads the lab and the programs only when they are used' {
        Invoke-Fresh 'Import-Module MptTools; [AppDomain]::CurrentDomain.GetAssemblies().GetName().Name -match "^(MptTools\.Lab|mpt|mptsrv)$"' | Should -BeNullOrEmpty
    }
}
