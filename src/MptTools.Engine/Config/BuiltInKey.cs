namespace MptTools.Engine.Config;

/// <summary>
/// The key that is built into every existing server: theirs go on with it after a create with auth_type 2. It keeps nobody
/// out, so it is used only where a file asks for it by name.
/// </summary>
internal static class BuiltInKey
{
    /// <summary>What stands for it as the value of auth_key.</summary>
    public const string Word = "default";

    /// <summary>Its 64 hexadecimal digits.</summary>
    public const string Digits = "A0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF";

    /// <summary>The value of auth_key asks for it.</summary>
    public static bool IsNamed(string? value) => string.Equals(value, Word, StringComparison.OrdinalIgnoreCase);

    /// <summary>These digits are the built-in key.</summary>
    public static bool Is(string? key) => string.Equals(key, Digits, StringComparison.OrdinalIgnoreCase);
}
