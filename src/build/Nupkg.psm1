# A NuGet package of a module folder, as PowerShell's galleries take it: https://learn.microsoft.com/nuget/reference/nuspec.

Set-StrictMode -Version Latest

# The tags by which the galleries find a module's commands.
function Get-GalleryTag([hashtable] $Manifest) {
    $Manifest.PrivateData.PSData.Tags
    'PSModule'
    'PSIncludes_Cmdlet'
    foreach ($name in $Manifest.CmdletsToExport) { "PSCmdlet_$name"; "PSCommand_$name" }
}

function Get-Nuspec([string] $Id, [hashtable] $Manifest) {
    $text = { [Security.SecurityElement]::Escape($args[0]) }
    $about = $Manifest.PrivateData.PSData
    @"
<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://schemas.microsoft.com/packaging/2011/08/nuspec.xsd">
  <metadata>
    <id>$Id</id>
    <version>$($Manifest.ModuleVersion)</version>
    <authors>$(& $text $Manifest.Author)</authors>
    <owners>$(& $text $Manifest.CompanyName)</owners>
    <requireLicenseAcceptance>false</requireLicenseAcceptance>
    <licenseUrl>$(& $text $about.LicenseUri)</licenseUrl>
    <projectUrl>$(& $text $about.ProjectUri)</projectUrl>
    <description>$(& $text $Manifest.Description)</description>
    <releaseNotes>$(& $text $about.ReleaseNotes)</releaseNotes>
    <copyright>$(& $text $Manifest.Copyright)</copyright>
    <tags>$(& $text ((Get-GalleryTag $Manifest) -join ' '))</tags>
  </metadata>
</package>
"@
}

function Get-ContentType([string[]] $Name) {
    '<?xml version="1.0" encoding="utf-8"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '  <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml" />'
    $Name | ForEach-Object { [IO.Path]::GetExtension($_).TrimStart('.') } | Where-Object { $_ -and $_ -ne 'rels' } | Sort-Object -Unique |
        ForEach-Object { "  <Default Extension=`"$_`" ContentType=`"application/octet-stream`" />" }
    # A name without an extension is a part all the same.
    $Name | Where-Object { -not [IO.Path]::GetExtension($_) } | ForEach-Object { "  <Override PartName=`"/$_`" ContentType=`"application/octet-stream`" />" }
    '</Types>'
}

# The same files give the same package, to the byte: names in order, and the time that stands for none.
function New-Nupkg {
    param(
        [Parameter(Mandatory)] [string] $Path,
        [Parameter(Mandatory)] [hashtable] $Manifest,
        [Parameter(Mandatory)] [string] $Destination
    )

    $id = [IO.Path]::GetFileNameWithoutExtension((Get-ChildItem $Path -Filter *.psd1).Name)
    $base = (Resolve-Path $Path).Path
    $parts = [Collections.Generic.SortedDictionary[string, byte[]]]::new([StringComparer]::Ordinal)
    foreach ($file in Get-ChildItem $base -Recurse -File -Force) {
        $parts[[IO.Path]::GetRelativePath($base, $file.FullName).Replace('\', '/')] = [IO.File]::ReadAllBytes($file.FullName)
    }
    $utf8 = [Text.UTF8Encoding]::new($false)
    $parts["$id.nuspec"] = $utf8.GetBytes((Get-Nuspec $id $Manifest))
    $parts['_rels/.rels'] = $utf8.GetBytes(@"
<?xml version="1.0" encoding="utf-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
  <Relationship Type="http://schemas.microsoft.com/packaging/2010/07/manifest" Target="/$id.nuspec" Id="R1" />
</Relationships>
"@)
    $parts['[Content_Types].xml'] = $utf8.GetBytes((Get-ContentType @($parts.Keys)) -join "`n")

    Remove-Item $Destination -ErrorAction Ignore
    $zip = [IO.Compression.ZipFile]::Open($Destination, 'Create')
    try {
        foreach ($part in $parts.GetEnumerator()) {
            $entry = $zip.CreateEntry($part.Key, 'Optimal')
            $entry.LastWriteTime = [DateTimeOffset]::new(1980, 1, 1, 0, 0, 0, [TimeSpan]::Zero)
            $stream = $entry.Open()
            $stream.Write($part.Value, 0, $part.Value.Length)
            $stream.Dispose()
        }
    }
    finally {
        $zip.Dispose()
    }
}

Export-ModuleMember -Function New-Nupkg
